#include "gateway/webhook/webhook_type.h"

#include <charconv>

#include "base/error.h"
#include "gateway/http2/pooled_gateway.h"
#include "gateway/webhook/webhook_payload.h"
#include "gateway/webhook/webhook_service.h"

namespace dispatcher::webhook {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kHonours = "honours_idempotency_key";
/// A request that timed out may still be on its way; this many timeouts after it was sent it is
/// taken to be gone.
constexpr int kTimeoutsOnTheWay = 2;

std::string key_of(const GatewayOptions& options, std::string_view name) {
    const auto found = options.keys.find(std::string(name));
    return found == options.keys.end() ? std::string() : found->second;
}

http2::Protocols protocols_of(const GatewayOptions& options) {
    const auto protocol = key_of(options, "protocol");
    if (protocol == "http1") return http2::Protocols::http1;
    return protocol == "http2" ? http2::Protocols::http2 : http2::Protocols::any;
}

/// `endpoint` says where to connect in place of the url's host; the path stays.
Url url_of(const GatewayOptions& options) {
    const auto where = "gateways." + options.name;
    auto url = Url::parse(key_of(options, "url"), where + ".url");
    if (!options.endpoint.empty())
        url.endpoint = http2::Endpoint::parse(options.endpoint, where + ".endpoint");
    url.endpoint.protocols = protocols_of(options);
    return url;
}

std::string text_of(const Url& url) {
    return url.endpoint.scheme() + "://" + url.endpoint.authority + url.path;
}

Secret secret_of(const GatewayOptions& options) {
    const auto found = options.secrets.find("secret");
    return found == options.secrets.end() ? Secret() : found->second;
}

/// How long after its first sending a request may be repeated.
std::optional<milliseconds> repeatable_for(const GatewayOptions& options) {
    const auto text = key_of(options, kHonours);
    std::int64_t retention = 0;
    std::from_chars(text.data(), text.data() + text.size(), retention);
    if (retention == 0) return std::nullopt;
    return milliseconds(retention) - kTimeoutsOnTheWay * options.timeout;
}

class WebhookType final : public GatewayType {
  public:
    [[nodiscard]] std::string_view name() const override { return "webhook"; }

    [[nodiscard]] std::vector<Key> keys() const override {
        return {{"url", Key::Form::text, true, {}},
                {"secret", Key::Form::secret, false, {}},
                {kHonours, Key::Form::duration, false, {}},
                {"protocol", Key::Form::choice, false, {"auto", "http1", "http2"}}};
    }

    [[nodiscard]] std::optional<std::string> problem(const GatewayOptions& options) const override {
        if (const auto found = Url::problem(key_of(options, "url"))) return "url " + *found;
        if (options.secrets.contains("secret") && secret_of(options).empty())
            return "secret is empty; without the key the requests are not signed";
        const auto repeatable = repeatable_for(options);
        if (repeatable && *repeatable <= milliseconds(0))
            return std::string(kHonours) +
                   " must be longer than twice the timeout: a request that timed out may still "
                   "arrive";
        return std::nullopt;
    }

    [[nodiscard]] bool needs_token() const override { return false; }
    [[nodiscard]] std::size_t payload_bytes_max() const override { return kPayloadBytesMax; }

    [[nodiscard]] std::string target(const GatewayOptions& options) const override {
        return text_of(url_of(options));
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
        RequestPreview preview;
        preview.method = "POST";
        preview.url = text_of(url);
        for (const auto& [name, value, is_indexed] : fields) {
            if (name.starts_with(':')) continue;
            const bool is_secret = name == "pushonce-signature";
            preview.headers.emplace_back(name,
                                         is_secret ? std::string_view("t=…,v1=(redacted)") : value);
        }
        preview.body = request.body;
        return preview;
    }

    [[nodiscard]] std::unique_ptr<Gateway> open(const GatewayOptions& options, Clock& clock,
                                                Random& random) const override {
        if (const auto found = problem(options))
            throw ConfigError("gateways." + options.name, *found);
        const auto url = url_of(options);
        auto service = std::make_unique<WebhookService>(WebhookRequest(url, secret_of(options)),
                                                        repeatable_for(options), clock);
        return std::make_unique<http2::PooledGateway>(options, url.endpoint, std::move(service),
                                                      clock, random);
    }
};

}  // namespace

std::unique_ptr<GatewayType> make_type() {
    return std::make_unique<WebhookType>();
}

}  // namespace dispatcher::webhook
