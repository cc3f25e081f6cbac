#include "gateway/fcm/fcm_type.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/error.h"
#include "gateway/fcm/fcm_payload.h"
#include "gateway/fcm/fcm_service.h"
#include "gateway/fcm/service_account.h"
#include "gateway/http2/pooled_gateway.h"
#include "gateway/http2/request_preview.h"

namespace dispatcher::fcm {
namespace {

constexpr std::string_view kRealEndpoint = "https://fcm.googleapis.com";
/// Firebase, "Throttling and quotas": 600,000 messages a minute and project.
constexpr double kQuotaPerSecond = 10'000;
constexpr std::size_t kTokenBytesMin = 32;
constexpr std::size_t kTokenBytesMax = 4096;
constexpr std::size_t kApnsTokenDigits = 64;

http2::Endpoint endpoint_of(const GatewayOptions& options) {
    return http2::Endpoint::parse(
        options.endpoint.empty() ? std::string(kRealEndpoint) : options.endpoint,
        "gateways." + options.name + ".endpoint");
}

ServiceAccount account_of(const GatewayOptions& options) {
    if (!options.keys.contains("service_account"))
        throw ConfigError("gateways." + options.name, "service_account is missing");
    return ServiceAccount::read(options.file("service_account"));
}

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_token_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_' || c == ':';
}

/// The access tokens of a process, each as long as some gateway uses it. Thread-safe.
class AccessTokens {
  public:
    std::shared_ptr<AccessToken> find_or_make(const ServiceAccount& account,
                                              const std::string& ca_file) {
        const std::lock_guard lock(mutex_);
        auto& known = tokens_[account.identity() + "\n" + ca_file];
        auto token = known.lock();
        if (!token) {
            const auto endpoint = std::make_shared<TokenEndpoint>(account, ca_file);
            token = std::make_shared<AccessToken>(
                AccessToken::Source{[endpoint] { return endpoint->ask(SystemClock().wall()); },
                                    [endpoint] { endpoint->stop(); }});
            known = token;
        }
        token->try_again();
        return token;
    }

  private:
    std::mutex mutex_;
    std::map<std::string, std::weak_ptr<AccessToken>> tokens_;  // guarded by mutex_
};

/// Shared by every FcmType: workers have one for each campaign.
AccessTokens& tokens_of_process() {
    static AccessTokens tokens;
    return tokens;
}

class FcmType final : public GatewayType {
  public:
    [[nodiscard]] std::string_view name() const override { return "fcm"; }

    [[nodiscard]] std::vector<Key> keys() const override {
        return {{"service_account", Key::Form::path, true, {}}};
    }

    [[nodiscard]] std::optional<std::string> token_problem(std::string_view token) const override {
        if (token.size() == kApnsTokenDigits && std::all_of(token.begin(), token.end(), is_hex))
            return "an FCM registration token is wanted, and this looks like an APNs device token";
        if (token.size() < kTokenBytesMin || token.size() > kTokenBytesMax)
            return "an FCM registration token has 32 to 4096 characters, not " +
                   std::to_string(token.size());
        if (!std::all_of(token.begin(), token.end(), is_token_character))
            return "an FCM registration token has letters, digits, '-', '_' and ':' only";
        return std::nullopt;
    }

    [[nodiscard]] std::size_t payload_bytes_max() const override { return kPayloadBytesMax; }
    [[nodiscard]] std::string_view payload_measure() const override {
        return "the message without device token, expiry and collapse id";
    }
    [[nodiscard]] double default_rate_per_second() const override { return kQuotaPerSecond; }

    [[nodiscard]] std::string target(const GatewayOptions& options) const override {
        const auto endpoint = endpoint_of(options);
        if (options.is_for_show) return endpoint.authority;
        return endpoint.authority + " " + account_of(options).project();
    }

    [[nodiscard]] PayloadDocument payload_document(const Message& message,
                                                   const std::string& locale) const override {
        return make_payload(message, locale);
    }

    [[nodiscard]] RequestPreview preview(const GatewayOptions& options,
                                         const Notification& notification) const override {
        const auto endpoint = endpoint_of(options);
        http2::Request request;
        http2::Fields fields;
        SystemClock clock;
        const FcmRequest writer(
            endpoint, options.is_for_show ? "(unknown)" : account_of(options).project(), false);
        writer.write(notification, "Bearer (redacted)", clock.wall(), request, fields);
        return http2::preview_of(endpoint.origin(), request, fields);
    }

    [[nodiscard]] std::unique_ptr<Gateway> open(const GatewayOptions& options, Clock& clock,
                                                Random& random) const override {
        return open_one(options, false, clock, random);
    }

    /// An hour's access token is fetched with the service account, and a message to no device
    /// checked with it (validate_only).
    [[nodiscard]] Trial trial(const GatewayOptions&) const override {
        return {Trial::Way::ask, "pushonce-probe", {}, {}};
    }

    [[nodiscard]] std::unique_ptr<Gateway> open_for_checks(const GatewayOptions& options,
                                                           Clock& clock,
                                                           Random& random) const override {
        return open_one(options, true, clock, random);
    }

  private:
    [[nodiscard]] std::unique_ptr<Gateway> open_one(const GatewayOptions& options, bool only_checks,
                                                    Clock& clock, Random& random) const {
        const auto endpoint = endpoint_of(options);
        const auto account = account_of(options);
        auto service = std::make_unique<FcmService>(
            FcmRequest(endpoint, account.project(), only_checks),
            tokens_of_process().find_or_make(account, options.ca_file), clock);
        return std::make_unique<http2::PooledGateway>(options, endpoint, std::move(service), clock,
                                                      random);
    }
};

}  // namespace

std::unique_ptr<GatewayType> make_type() {
    return std::make_unique<FcmType>();
}

}  // namespace dispatcher::fcm
