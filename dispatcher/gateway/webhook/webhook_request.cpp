#include "gateway/webhook/webhook_request.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/hmac.h"
#include "base/host_name.h"

namespace dispatcher::webhook {
namespace {

/// Where host and port end: at the path or the query.
std::size_t authority_end(std::string_view text) {
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) return text.size();
    return std::min(text.find_first_of("/?#", scheme_end + 3), text.size());
}

bool is_hex_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/// Each % begins two hexadecimal digits.
bool is_percent_encoded(std::string_view text) {
    for (auto at = text.find('%'); at != text.npos; at = text.find('%', at + 1))
        if (text.size() < at + 3 || !is_hex_digit(text[at + 1]) || !is_hex_digit(text[at + 2]))
            return false;
    return true;
}

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

std::optional<std::string> Url::problem(std::string_view text) {
    const auto scheme = text.starts_with("https://") ? 8U : text.starts_with("http://") ? 7U : 0U;
    const auto path_at = authority_end(text);
    const auto path = text.substr(path_at);
    const bool is_good = scheme != 0 && parse_authority(text.substr(scheme, path_at - scheme)) &&
                         path.find('#') == std::string_view::npos &&
                         std::all_of(path.begin(), path.end(), is_visible) &&
                         is_percent_encoded(path);
    if (is_good) return std::nullopt;
    return "must be https://HOST[:PORT]/PATH, or http:// for cleartext, with other characters "
           "percent-encoded (%20) and without a password or a fragment";
}

Url Url::parse(const std::string& text, const std::string& where) {
    const auto path_at = authority_end(text);
    Url url;
    url.endpoint = http2::Endpoint::parse(text.substr(0, path_at), where);
    if (path_at < text.size()) {
        url.path = text.substr(path_at);
        if (url.path.front() != '/') url.path.insert(0, "/");
    }
    return url;
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

std::string signature(const Secret& secret, WallTime now, std::string_view body) {
    const auto seconds = std::to_string(epoch_seconds(now));
    std::string text;
    text.reserve(seconds.size() + 1 + body.size());
    text.append(seconds).append(".").append(body);
    return "t=" + seconds + ",v1=" + to_hex(hmac_sha256(secret.reveal(), text));
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
        fields.add("pushonce-signature", request.keep(signature(secret_, now, request.body)),
                   false);
}

}  // namespace dispatcher::webhook
