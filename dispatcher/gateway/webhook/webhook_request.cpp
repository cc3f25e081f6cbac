#include "gateway/webhook/webhook_request.h"

#include "base/encoding.h"
#include "base/http_url.h"
#include "base/request_signature.h"

namespace dispatcher::webhook {
namespace {

bool is_visible(char c) {
    return c > 0x20 && c < 0x7f;
}

std::int64_t epoch_seconds(WallTime time) {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

void append_member(std::string& body, std::string_view name, std::string_view value) {
    body.append(body.empty() ? "{\"" : ",\"").append(name).append("\":\"");
    append_json_escaped(body, value);
    body.push_back('"');
}

/// The members of each recipient, then those of the payload, which is a JSON object.
void write_body(const Notification& notification, std::string& body) {
    append_member(body, "campaign", notification.campaign);
    append_member(body, "appid", notification.appid);
    append_member(body, "notification_id", notification.id);
    if (!notification.token.empty()) append_member(body, "token", notification.token);
    const auto rest = notification.payload.substr(1);
    if (!rest.starts_with('}')) body.push_back(',');
    body.append(rest);
}

}  // namespace

Url Url::parse(const std::string& text, const std::string& where) {
    auto parts = HttpUrl::parse(text);
    return {http2::Endpoint::parse(parts.origin, where), std::move(parts.path)};
}

std::string idempotency_key(std::string_view campaign, std::string_view appid) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string key(campaign);
    key.push_back(':');
    for (const char c : appid) {
        if (is_visible(c) && c != '%') {
            key.push_back(c);
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        key.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
    return key;
}

WebhookRequest::WebhookRequest(Url url, Secret secret)
    : url_(std::move(url)), scheme_(url_.endpoint.scheme()), secret_(std::move(secret)) {}

void WebhookRequest::write(const Notification& notification, WallTime now, http2::Request& request,
                           http2::Fields& fields) const {
    write_body(notification, request.body);
    fields.add(":method", "POST");
    fields.add(":scheme", scheme_);
    fields.add(":authority", url_.endpoint.authority);
    fields.add(":path", url_.path);
    fields.add("user-agent", "pushonce");
    fields.add("content-type", "application/json");
    fields.add("content-length", request.keep(std::to_string(request.body.size())), false);
    fields.add("idempotency-key",
               request.keep(idempotency_key(notification.campaign, notification.appid)), false);
    fields.add("pushonce-notification-id", request.keep(notification.id), false);
    fields.add("pushonce-expires-at",
               request.keep(std::to_string(epoch_seconds(notification.expires_at))), false);
    if (!secret_.empty())
        fields.add(kSignatureHeader, request.keep(request_signature(secret_, now, request.body)),
                   false);
}

}  // namespace dispatcher::webhook
