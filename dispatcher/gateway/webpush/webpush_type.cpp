#include "gateway/webpush/webpush_type.h"

#include <fmt/format.h>

#include "base/error.h"
#include "gateway/http2/endpoint.h"
#include "gateway/http2/protocol_key.h"
#include "gateway/http2/request_preview.h"
#include "gateway/webpush/message_seal.h"
#include "gateway/webpush/vapid.h"
#include "gateway/webpush/webpush_gateway.h"
#include "gateway/webpush/webpush_payload.h"
#include "gateway/webpush/webpush_request.h"

namespace dispatcher::webpush {
namespace {

constexpr std::string_view kAllow = "allow";
constexpr std::string_view kRefuse = "refuse";

std::optional<http2::Endpoint> endpoint_of(const GatewayOptions& options) {
    if (options.endpoint.empty()) return std::nullopt;
    return http2::Endpoint::parse(options.endpoint, "gateways." + options.name + ".endpoint");
}

/// Nothing is secret in a message that nobody sends: who asked for the preview sees its text.
std::string authorization_of(const GatewayOptions& options) {
    if (options.is_for_show) return "vapid t=(redacted), k=(unknown)";
    return VapidIdentity(options.file("vapid_key_file"), options.key("subject")).redacted();
}

class WebPushType final : public GatewayType {
  public:
    [[nodiscard]] std::string_view name() const override { return "webpush"; }

    [[nodiscard]] std::vector<Key> keys() const override {
        return {{"vapid_key_file", Key::Form::path, true, {}},
                {"subject", Key::Form::text, true, {}},
                {"private_endpoints", Key::Form::choice, false, {kAllow, kRefuse}},
                http2::protocol_key()};
    }

    [[nodiscard]] std::optional<Problem> problem(const GatewayOptions& options) const override {
        const auto problem = subject_problem(options.key("subject"));
        if (problem.empty()) return std::nullopt;
        return Problem{"subject", std::string(problem)};
    }

    [[nodiscard]] std::vector<std::string> token_columns() const override {
        return {"endpoint", "p256dh", "auth"};
    }

    [[nodiscard]] std::optional<std::string> token_problem(std::string_view token) const override {
        Subscription subscription;
        const auto problem = Subscription::parse(token, subscription);
        if (!problem.empty()) return std::string(problem);
        if (!is_p256_point(subscription.keys.p256dh))
            return "p256dh is no point of the curve P-256: it was cut off or mixed up";
        return std::nullopt;
    }

    [[nodiscard]] std::size_t payload_bytes_max() const override { return kPayloadBytesMax; }
    [[nodiscard]] std::string_view payload_measure() const override {
        return "the message before it is encrypted";
    }

    [[nodiscard]] std::string target(const GatewayOptions& options) const override {
        const auto endpoint = endpoint_of(options);
        return endpoint ? endpoint->authority : "the push services of the endpoints";
    }

    [[nodiscard]] PayloadDocument payload_document(const Message& message,
                                                   const std::string& locale) const override {
        return make_payload(message, locale);
    }

    /// The body is shown as the page will read it: encrypted, it would tell nobody anything.
    [[nodiscard]] RequestPreview preview(const GatewayOptions& options,
                                         const Notification& notification) const override {
        Subscription subscription;
        const auto problem = Subscription::parse(notification.token, subscription);
        if (!problem.empty()) throw ConfigError("the device token", std::string(problem));
        std::string payload;
        fill_payload(notification, payload);
        http2::HeaderMemory memory;
        http2::Request request;
        http2::Fields fields;
        request.body.resize(payload.size() + kBodyBytesMore);
        const auto authorization = authorization_of(options);  // the fields point into it
        SystemClock clock;
        write_fields(subscription, notification, authorization, clock.wall(), memory, request,
                     fields);
        auto preview = http2::preview_of({}, request, fields);
        preview.url = subscription.endpoint;
        preview.body = std::move(payload);
        return preview;
    }

    /// A push service judges a key by a message to a device, and has no way to check one.
    [[nodiscard]] Trial trial(const GatewayOptions& options) const override {
        constexpr std::string_view kNoAuth = "AAAAAAAAAAAAAAAAAAAAAA";
        std::string untried = "the VAPID key was not tried: Web Push has no way to ask but sending";
        const auto endpoint = endpoint_of(options);
        if (!endpoint)
            return {Trial::Way::read,
                    {},
                    "no push service was connected to, as the devices' own endpoints name them; " +
                        untried,
                    {}};
        const VapidIdentity identity(options.file("vapid_key_file"), options.key("subject"));
        return {
            Trial::Way::connect,
            fmt::format("https://{}/ {} {}", endpoint->authority, identity.public_key(), kNoAuth),
            std::move(untried),
            {}};
    }

    [[nodiscard]] std::unique_ptr<Gateway> open(const GatewayOptions& options, Clock& clock,
                                                Random& random) const override {
        require_no_problem(options);
        const bool allows_private = options.key("private_endpoints") == kAllow;
        return std::make_unique<WebPushGateway>(options, endpoint_of(options), allows_private,
                                                clock, random);
    }
};

}  // namespace

std::unique_ptr<GatewayType> make_type() {
    return std::make_unique<WebPushType>();
}

}  // namespace dispatcher::webpush
