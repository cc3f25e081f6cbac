#include "mockgateway/webpush/webpush_role.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/invariant.h"
#include "mockgateway/character_class.h"

namespace dispatcher::mock {
namespace {

constexpr std::string_view kPath = "/push/";
constexpr std::string_view kCoding = "aes128gcm";
constexpr std::size_t kTopicCharactersMax = 32;
constexpr std::size_t kTtlDigitsMax = 10;
constexpr std::size_t kBodyBytesMax = 4096;
constexpr std::array<std::string_view, 4> kUrgencies = {"very-low", "low", "normal", "high"};

/// What tells devices apart: an endpoint's path, without what is the same for all of ours.
std::string_view token_of(std::string_view path) {
    return path.substr(path.starts_with(kPath) ? kPath.size() : 1);
}

bool is_base64url(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c != '.' && is_in(CharacterClass::topic, c); });
}

void word(int status, std::string_view reason, Answer& answer) {
    answer.status = status;
    answer.clear_headers();
    answer.body = fmt::format(R"({{"code":{},"reason":"{}"}})", status, reason);
}

/// How often the headers that a push service reads may come: once.
bool has_repeats(const Request& request) {
    constexpr std::array<std::string_view, 5> kOnce = {"ttl", "urgency", "topic", "authorization",
                                                       "content-encoding"};
    return std::any_of(kOnce.begin(), kOnce.end(),
                       [&](auto name) { return request.count(name) > 1; });
}

}  // namespace

WebPushRole::WebPushRole(const Options& options, Random& random)
    : random_(random), vapid_(options.vapid_public_key) {
    if (!options.subscriber_key_file.empty())
        opener_ =
            std::make_unique<MessageOpener>(options.subscriber_key_file, options.subscriber_auth);
}

bool WebPushRole::takes(std::string_view path) const {
    return path.starts_with(kPath);
}

bool WebPushRole::takes_by_headers(const Request& request) const {
    return request.get("content-encoding") == kCoding ||
           request.get("authorization").starts_with("vapid ");
}

Judgement WebPushRole::judge(const Request& request, Visit visit, Answer& answer) {
    const auto refusal = check(request, visit.now);
    if (refusal.status != 0) {
        word(refusal.status, refusal.reason, answer);
        return {refusal.reason, false, {}};
    }
    name_message();
    answer.status = 201;
    answer.add_header("location") =
        fmt::format("https://{}/message/{}", request.get(":authority"), id_);
    answer.add_header("ttl") = request.get("ttl");
    return {{},
            false,
            {token_of(request.path()), id_, request.get("topic"), request.get(":authority"),
             request.get("urgency"), opener_ ? std::string_view(payload_) : request.body()}};
}

WebPushRole::Refusal WebPushRole::check(const Request& request, WallTime now) {
    if (token_of(request.path()).empty()) return {404, "NoSubscription"};
    if (!all_in(CharacterClass::printable, request.path())) return {400, "BadPath"};
    if (request.method() != "POST") return {405, "MethodNotAllowed"};
    if (has_repeats(request)) return {400, "RepeatedHeader"};
    const auto authorization = request.get("authorization");
    if (authorization.empty()) return {401, "MissingAuthorization"};
    if (const auto problem = vapid_.refusal(authorization, request.get(":authority"), now);
        !problem.empty())
        return {403, problem};
    const auto ttl = request.get("ttl");
    if (ttl.empty()) return {400, "MissingTtl"};
    if (ttl.size() > kTtlDigitsMax || !all_in(CharacterClass::digit, ttl)) return {400, "BadTtl"};
    if (request.count("urgency") > 0 &&
        std::find(kUrgencies.begin(), kUrgencies.end(), request.get("urgency")) == kUrgencies.end())
        return {400, "BadUrgency"};
    const auto topic = request.get("topic");
    if (request.count("topic") > 0 &&
        (topic.empty() || topic.size() > kTopicCharactersMax || !is_base64url(topic)))
        return {400, "BadTopic"};
    return check_body(request);
}

WebPushRole::Refusal WebPushRole::check_body(const Request& request) {
    if (request.body_bytes() > kBodyBytesMax) return {413, "PayloadTooLarge"};
    if (request.get("content-encoding") != kCoding) return {400, "BadContentEncoding"};
    if (const auto problem = message_problem(request.body()); !problem.empty())
        return {400, problem};
    if (!opener_) return {};
    auto payload = opener_->open(request.body());
    if (!payload) return {400, "NotDecrypted"};
    payload_ = std::move(*payload);
    return {};
}

/// The notification's own id where it can be read, else one of ours.
void WebPushRole::name_message() {
    id_.clear();
    if (opener_) {
        const auto payload = nlohmann::json::parse(payload_, nullptr, false);
        if (payload.is_object()) {
            const auto id = payload.find("notification_id");
            if (id != payload.end() && id->is_string()) id_ = id->get<std::string>();
        }
    }
    if (id_.empty() || !all_in(CharacterClass::topic, id_))
        id_ = fmt::format("{:016x}{:016x}", random_.next(), random_.next());
}

void WebPushRole::complain(Complaint complaint, std::string_view reason, WallTime,
                           Answer& answer) const {
    switch (complaint) {
        case Complaint::unregistered:
            return word(410, "Gone", answer);
        case Complaint::bad_device_token:
            return word(404, "NoSubscription", answer);
        case Complaint::bad_request:
            return word(400, reason, answer);
        case Complaint::too_many_requests:
            return word(429, "TooManyRequests", answer);
        case Complaint::unavailable:
        case Complaint::unavailable_without_reason:
            return word(503, "ServiceUnavailable", answer);
        case Complaint::server_error:
            return word(500, "InternalServerError", answer);
        case Complaint::expired_credentials:
            return word(403, "VapidExpired", answer);
        case Complaint::invalid_credentials:
            return word(403, "VapidInvalid", answer);
        case Complaint::none:
            break;
    }
    invariant(false, "a complaint is about something");
}

}  // namespace dispatcher::mock
