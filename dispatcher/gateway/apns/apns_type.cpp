#include "gateway/apns/apns_type.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "gateway/apns/apns_payload.h"
#include "gateway/apns/apns_service.h"
#include "gateway/apns/push_type.h"
#include "gateway/http2/pooled_gateway.h"
#include "gateway/http2/request_preview.h"

namespace dispatcher::apns {
namespace {

constexpr std::string_view kProduction = "production";
constexpr std::string_view kSandbox = "sandbox";
constexpr std::string_view kProductionEndpoint = "https://api.push.apple.com";
constexpr std::string_view kSandboxEndpoint = "https://api.sandbox.push.apple.com";
constexpr std::size_t kIdLength = 10;
constexpr std::size_t kTokenDigitsMin = 64;
constexpr std::size_t kTokenDigitsMax = 200;

std::string environment_of(const GatewayOptions& options) {
    auto environment = options.key("environment");
    return environment.empty() ? std::string(kProduction) : environment;
}

http2::Endpoint endpoint_of(const GatewayOptions& options) {
    const auto where = "gateways." + options.name + ".endpoint";
    if (!options.endpoint.empty()) return http2::Endpoint::parse(options.endpoint, where);
    const bool is_sandbox = environment_of(options) == kSandbox;
    return http2::Endpoint::parse(std::string(is_sandbox ? kSandboxEndpoint : kProductionEndpoint),
                                  where);
}

bool is_id(const std::string& text) {
    return text.size() == kIdLength && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
           });
}

constexpr std::array kTokenKeys = {"key_file", "key_id", "team_id"};
constexpr std::array kCertificateKeys = {"cert_file", "cert_key_file"};

bool uses_certificate(const GatewayOptions& options) {
    return options.keys.contains("cert_file");
}

/// One of the two ways to say who we are, whole.
std::optional<GatewayType::Problem> credentials_problem(const GatewayOptions& options) {
    using Problem = GatewayType::Problem;
    const auto has = [&](const char* name) { return options.keys.contains(name); };
    const bool has_token = std::any_of(kTokenKeys.begin(), kTokenKeys.end(), has);
    const bool has_certificate = std::any_of(kCertificateKeys.begin(), kCertificateKeys.end(), has);
    if (has_token == has_certificate)
        return Problem{
            {},
            std::string(has_token ? "a provider token and a certificate exclude each other: "
                                  : "who sends is missing: ") +
                "give either key_file, key_id and team_id, or cert_file and cert_key_file"};
    const auto missing = [&](const char* name) {
        return Problem{{},
                       std::string(name) + " is missing beside the other keys of the " +
                           (has_token ? "provider token" : "certificate")};
    };
    for (const char* name : kTokenKeys)
        if (has_token && !has(name)) return missing(name);
    for (const char* name : kCertificateKeys)
        if (has_certificate && !has(name)) return missing(name);
    for (const char* name : {"key_id", "team_id"})
        if (has_token && !is_id(options.key(name)))
            return Problem{name, "must be the " + std::to_string(kIdLength) +
                                     " letters and digits that Apple shows for it"};
    return std::nullopt;
}

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

class ApnsType final : public GatewayType {
  public:
    [[nodiscard]] std::string_view name() const override { return "apns"; }

    [[nodiscard]] std::vector<Key> keys() const override {
        return {{"key_file", Key::Form::path, false, {}},
                {"key_id", Key::Form::text, false, {}},
                {"team_id", Key::Form::text, false, {}},
                {"topic", Key::Form::text, true, {}},
                {"environment", Key::Form::choice, false, {kProduction, kSandbox}},
                {"cert_file", Key::Form::path, false, {}},
                {"cert_key_file", Key::Form::path, false, {}}};
    }

    [[nodiscard]] std::optional<Problem> problem(const GatewayOptions& options) const override {
        if (auto found = credentials_problem(options)) return found;
        if (options.key("topic").empty()) return Problem{"topic", "must be the app's bundle id"};
        return std::nullopt;
    }

    [[nodiscard]] std::optional<std::string> token_problem(std::string_view token) const override {
        if (token.size() < kTokenDigitsMin || token.size() > kTokenDigitsMax)
            return "an APNs device token has 64 to 200 hexadecimal digits, not " +
                   std::to_string(token.size()) + " characters";
        if (!std::all_of(token.begin(), token.end(), is_hex))
            return "an APNs device token has hexadecimal digits only (is it an FCM token?)";
        if (token.size() % 2 != 0) return "an APNs device token has an even number of digits";
        return std::nullopt;
    }

    /// What a push type takes instead is in its PayloadDocument.
    [[nodiscard]] std::size_t payload_bytes_max() const override {
        return find_push_type("alert")->payload_bytes_max;
    }

    [[nodiscard]] std::string target(const GatewayOptions& options) const override {
        return endpoint_of(options).authority + " " + options.key("topic") + " " +
               environment_of(options);
    }

    [[nodiscard]] PayloadDocument payload_document(const Message& message,
                                                   const std::string& locale) const override {
        return make_payload(message, locale);
    }

    [[nodiscard]] RequestPreview preview(const GatewayOptions& options,
                                         const Notification& notification) const override {
        const auto endpoint = endpoint_of(options);
        http2::HeaderMemory memory;
        http2::Request request;
        http2::Fields fields;
        const ApnsRequest writer(endpoint, options.key("topic"));  // the fields point into it
        writer.write(notification, uses_certificate(options) ? "" : "bearer (redacted)", memory,
                     request, fields);
        return http2::preview_of(endpoint.origin(), request, fields);
    }

    /// No device has so short a token: APNs answers BadDeviceToken once it has taken who asks, and
    /// else why not.
    [[nodiscard]] Trial trial(const GatewayOptions&) const override {
        return {Trial::Way::ask,
                "00000000",
                "topic and environment show with a real device only: `pushonce test`",
                {}};
    }

    [[nodiscard]] std::unique_ptr<Gateway> open(const GatewayOptions& options, Clock& clock,
                                                Random& random) const override {
        require_no_problem(options);
        const auto endpoint = endpoint_of(options);
        std::unique_ptr<ProviderToken> token;
        if (!uses_certificate(options))
            token = std::make_unique<ProviderToken>(options.file("key_file"), options.key("key_id"),
                                                    options.key("team_id"), clock);
        auto service =
            std::make_unique<ApnsService>(endpoint, options.key("topic"), std::move(token), clock);
        return std::make_unique<http2::PooledGateway>(options, endpoint, std::move(service), clock,
                                                      random);
    }
};

}  // namespace

std::unique_ptr<GatewayType> make_type() {
    return std::make_unique<ApnsType>();
}

}  // namespace dispatcher::apns
