#include "mockgateway/webhook/webhook_role.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/hmac.h"
#include "mockgateway/character_class.h"

namespace dispatcher::mock {
namespace {

using std::chrono::seconds;

constexpr std::string_view kPath = "/hook";
constexpr std::string_view kKey = "idempotency-key";
constexpr std::string_view kId = "pushonce-notification-id";
constexpr std::string_view kSignature = "pushonce-signature";
constexpr std::string_view kExpires = "pushonce-expires-at";
constexpr auto kClockSkewMax = seconds(300);
constexpr std::size_t kAppidBytesMax = 64;

/// `<campaign>:<appid>` as it must be: everything but visible ASCII, and the percent sign, encoded.
std::string expected_key(std::string_view campaign, std::string_view appid) {
    std::string key(campaign);
    key += ':';
    for (const char c : appid) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte >= 0x7f || c == '%')
            key += fmt::format("%{:02X}", byte);
        else
            key += c;
    }
    return key;
}

std::string text_of(const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void word(Answer& answer, int status, std::string_view error) {
    answer.status = status;
    answer.body = fmt::format(R"({{"error":"{}"}})", error);
}

}  // namespace

WebhookRole::WebhookRole(std::string secret) : secret_(std::move(secret)) {}

bool WebhookRole::takes(std::string_view path) const {
    return path.starts_with(kPath);
}

bool WebhookRole::takes_by_headers(const Request& request) const {
    return request.count(kKey) > 0 && request.count(kId) > 0;
}

Judgement WebhookRole::judge(const Request& request, Visit visit, Answer& answer) {
    if (const auto fault = find_fault(request, visit.now); !fault.word.empty()) {
        word(answer, fault.status, fault.word);
        return {fault.word, false, {}};
    }
    answer.status = 202;
    answer.body = R"({"accepted":true})";
    if (accepted_.contains(key_)) {
        answer.add_header("idempotent-replayed") = "true";
        return {{}, true, {}};
    }
    return {{}, false, {token_.empty() ? appid_ : token_, id_, {}, campaign_, {}, request.body()}};
}

WebhookRole::Fault WebhookRole::find_fault(const Request& request, WallTime now) {
    if (request.method() != "POST") return {405, "MethodNotAllowed"};
    if (request.get("content-type") != "application/json") return {415, "BadContentType"};
    if (request.count(kKey) != 1) return {400, "MissingKey"};
    if (const auto fault = check_signature(request, now); !fault.word.empty()) return fault;
    if (const auto fault = check_body(request); !fault.word.empty()) return fault;
    const auto expires = request.get(kExpires);
    if (expires.empty() || !all_in(CharacterClass::digit, expires)) return {400, "BadExpiry"};
    const auto known = accepted_.find(key_);
    if (known != accepted_.end() && known->second != body_hash_) return {422, "KeyReused"};
    return {400, {}};
}

WebhookRole::Fault WebhookRole::check_body(const Request& request) {
    if (request.body_bytes() > Request::kBodyBytesKept) return {413, "BodyTooLarge"};
    const auto body = nlohmann::json::parse(request.body(), nullptr, false);
    if (!body.is_object()) return {400, "BadBody"};
    campaign_ = text_of(body, "campaign");
    appid_ = text_of(body, "appid");
    token_ = text_of(body, "token");
    id_ = text_of(body, "notification_id");
    key_ = request.get(kKey);
    body_hash_ = to_hex(Sha256::of(request.body()));
    if (campaign_.empty() || appid_.empty() || appid_.size() > kAppidBytesMax)
        return {400, "BadBody"};
    if (key_ != expected_key(campaign_, appid_)) return {400, "BadKey"};
    const bool is_uuid =
        id_.size() == 36 && id_[8] == '-' && id_[13] == '-' && id_[18] == '-' && id_[23] == '-';
    if (!is_uuid || request.count(kId) != 1 || request.get(kId) != id_)
        return {400, "BadNotificationId"};
    return {400, {}};
}

WebhookRole::Fault WebhookRole::check_signature(const Request& request, WallTime now) const {
    if (secret_.empty()) return {401, {}};
    if (request.count(kSignature) != 1) return {401, "MissingSignature"};
    const auto text = request.get(kSignature);
    constexpr std::string_view kTime = "t=";
    constexpr std::string_view kHash = ",v1=";
    const auto hash_at = text.find(kHash);
    if (!text.starts_with(kTime) || hash_at == std::string_view::npos) return {401, "BadSignature"};
    const auto time = text.substr(kTime.size(), hash_at - kTime.size());
    std::int64_t at = 0;
    const auto read = std::from_chars(time.data(), time.data() + time.size(), at);
    if (read.ec != std::errc{} || read.ptr != time.data() + time.size())
        return {401, "BadSignature"};
    const auto expected =
        to_hex(hmac_sha256(secret_, std::string(time) + "." + std::string(request.body())));
    if (text.substr(hash_at + kHash.size()) != expected) return {401, "BadSignature"};
    const auto age = now - WallTime(seconds(at));
    if (age > kClockSkewMax || age < -kClockSkewMax) return {401, "StaleSignature"};
    return {401, {}};
}

void WebhookRole::complain(Complaint complaint, std::string_view reason, WallTime,
                           Answer& answer) const {
    answer.clear_headers();
    switch (complaint) {
        case Complaint::unregistered:
        case Complaint::bad_device_token:
            return word(answer, 410, "Gone");
        case Complaint::bad_request:
            return word(answer, 400, reason);
        case Complaint::too_many_requests:
            return word(answer, 429, "TooManyRequests");
        case Complaint::unavailable:
        case Complaint::unavailable_without_reason:
            return word(answer, 503, "Unavailable");
        case Complaint::server_error:
            return word(answer, 500, "ServerError");
        case Complaint::expired_credentials:
        case Complaint::invalid_credentials:
            return word(answer, 401, "BadSignature");
        case Complaint::none:
            break;
    }
}

}  // namespace dispatcher::mock
