#include "gateway/webhook/webhook_type.h"

#include <charconv>

#include <fmt/format.h>

#include "base/error.h"
#include "base/http_url.h"
#include "base/request_signature.h"
#include "gateway/http2/pooled_gateway.h"
#include "gateway/http2/protocol_key.h"
#include "gateway/http2/request_preview.h"
#include "gateway/webhook/webhook_payload.h"
#include "gateway/webhook/webhook_service.h"

namespace dispatcher::webhook {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kHonours = "honours_idempotency_key";
constexpr std::string_view kDead = "dead_statuses";
/// A request that timed out may still be on its way; this many timeouts after it was sent it is
/// taken to be gone.
constexpr int kTimeoutsOnTheWay = 2;

/// `endpoint` says where to connect in place of the url's host; the path stays.
Url url_of(const GatewayOptions& options) {
    const auto where = "gateways." + options.name;
    auto url = Url::parse(options.key("url"), where + ".url");
    if (!options.endpoint.empty())
        url.endpoint = http2::Endpoint::parse(options.endpoint, where + ".endpoint");
    url.endpoint.protocols = http2::protocols_of(options, http2::Protocols::any);
    return url;
}

Secret secret_of(const GatewayOptions& options) {
    const auto found = options.secrets.find("secret");
    return found == options.secrets.end() ? Secret() : found->second;
}

/// How long after its first sending a request may be repeated.
std::optional<milliseconds> repeatable_for(const GatewayOptions& options) {
    const auto text = options.key(kHonours);
    std::int64_t retention = 0;
    std::from_chars(text.data(), text.data() + text.size(), retention);
    if (retention == 0) return std::nullopt;
    return milliseconds(retention) - kTimeoutsOnTheWay * options.timeout;
}

std::string bracketed(const std::string& host) {
    return host.find(':') == host.npos ? host : "[" + host + "]";
}

class WebhookType final : public GatewayType {
  public:
    [[nodiscard]] std::string_view name() const override { return "webhook"; }

    [[nodiscard]] std::vector<Key> keys() const override {
        return {{"url", Key::Form::text, true, {}},
                {"secret", Key::Form::secret, false, {}},
                {kHonours, Key::Form::duration, false, {}},
                {kDead, Key::Form::text, false, {}},
                http2::protocol_key()};
    }

    [[nodiscard]] std::optional<Problem> problem(const GatewayOptions& options) const override {
        if (const auto found = HttpUrl::problem(options.key("url"))) return Problem{"url", *found};
        if (options.secrets.contains("secret") && secret_of(options).empty())
            return Problem{"secret", "is empty; without the key the requests are not signed"};
        if (auto found = DeadStatuses::problem(options.key(kDead)))
            return Problem{std::string(kDead), std::move(*found)};
        const auto repeatable = repeatable_for(options);
        if (repeatable && *repeatable <= milliseconds(0))
            return Problem{std::string(kHonours),
                           "must be longer than twice the timeout: a request that timed out may "
                           "still arrive"};
        return std::nullopt;
    }

    [[nodiscard]] bool needs_token() const override { return false; }
    [[nodiscard]] std::size_t payload_bytes_max() const override { return kPayloadBytesMax; }
    [[nodiscard]] std::string_view payload_measure() const override {
        return "the body without campaign, appid, notification_id and token";
    }

    [[nodiscard]] std::string target(const GatewayOptions& options) const override {
        const auto url = url_of(options);
        return url.endpoint.origin() + url.path;
    }

    [[nodiscard]] PayloadDocument payload_document(const Message& message,
                                                   const std::string& locale) const override {
        return make_payload(message, locale);
    }

    [[nodiscard]] RequestPreview preview(const GatewayOptions& options,
                                         const Notification& notification) const override {
        const auto url = url_of(options);
        const WebhookRequest writer(url, secret_of(options));
        http2::Request request;
        http2::Fields fields;
        writer.write(notification, WallTime{}, request, fields);
        auto preview = http2::preview_of(url.endpoint.origin(), request, fields);
        for (auto& [name, value] : preview.headers)
            if (name == kSignatureHeader) value = "t=…,v1=(redacted)";
        return preview;
    }

    [[nodiscard]] Trial trial(const GatewayOptions& options) const override {
        const auto url = url_of(options);
        std::string untried = fmt::format(
            "no request was made: the path {} was not tried{}", url.path,
            secret_of(options).empty() ? ", and there is no secret" : ", nor was the secret");
        if (url.endpoint.is_tls) return {Trial::Way::connect, {}, std::move(untried), {}};
        auto other = options;
        other.endpoint =
            fmt::format("https://{}:{}", bracketed(url.endpoint.host), url.endpoint.port);
        return {Trial::Way::connect,
                {},
                std::move(untried),
                std::make_shared<const GatewayOptions>(std::move(other))};
    }

    [[nodiscard]] std::unique_ptr<Gateway> open(const GatewayOptions& options, Clock& clock,
                                                Random& random) const override {
        require_no_problem(options);
        const auto url = url_of(options);
        auto service = std::make_unique<WebhookService>(WebhookRequest(url, secret_of(options)),
                                                        repeatable_for(options),
                                                        DeadStatuses(options.key(kDead)), clock);
        return std::make_unique<http2::PooledGateway>(options, url.endpoint, std::move(service),
                                                      clock, random);
    }
};

}  // namespace

std::unique_ptr<GatewayType> make_type() {
    return std::make_unique<WebhookType>();
}

}  // namespace dispatcher::webhook
