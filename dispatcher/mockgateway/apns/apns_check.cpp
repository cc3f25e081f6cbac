#include "mockgateway/apns/apns_check.h"

#include <algorithm>
#include <array>
#include <utility>

#include "mockgateway/character_class.h"
#include "mockgateway/json_object.h"

namespace dispatcher::mock {
namespace {

using Field = ApnsRequest::Field;
using MaybeRefusal = std::optional<Refusal>;
using std::chrono::minutes;
using std::chrono::seconds;

// Tokens are 32 bytes today and at most 100 by Apple's word; written as hexadecimal.
constexpr std::size_t kTokenDigitsMin = 64;
constexpr std::size_t kTokenDigitsMax = 200;
constexpr std::size_t kTopicBytesMax = 255;
constexpr std::size_t kCollapseIdBytesMax = 64;
constexpr std::size_t kExpirationDigitsMax = 12;
constexpr std::size_t kPayloadBytesMax = 4096;
constexpr std::size_t kVoipPayloadBytesMax = 5120;
constexpr auto kProviderTokenLife = minutes(60);
constexpr auto kProviderTokenChangeMin = minutes(20);
constexpr auto kClockSkewMax = minutes(5);

/// A push type and the suffix that its topic must have.
struct PushType {
    std::string_view name;
    std::string_view suffix;
};
constexpr std::array kPushTypes{
    PushType{"alert", ""},
    PushType{"background", ""},
    PushType{"location", ".location-query"},
    PushType{"voip", ".voip"},
    PushType{"complication", ".complication"},
    PushType{"fileprovider", ".pushkit.fileprovider"},
    PushType{"mdm", ""},
    PushType{"liveactivity", ".push-type.liveactivity"},
    PushType{"pushtotalk", ".voip-ptt"},
    PushType{"controls", ".push-type.controls"},
    PushType{"widgets", ".push-type.widgets"},
};

const PushType* find_push_type(std::string_view name) {
    const auto* const found = std::find_if(kPushTypes.begin(), kPushTypes.end(),
                                           [&](const PushType& type) { return type.name == name; });
    return found == kPushTypes.end() ? nullptr : found;
}

MaybeRefusal check_target(const ApnsRequest& request) {
    const auto path = request.get(Field::path);
    if (path.substr(0, kDevicePath.size()) != kDevicePath) return Refusal{404, "BadPath"};
    if (request.get(Field::method) != "POST") return Refusal{405, "MethodNotAllowed"};
    if (request.version() != 2) return Refusal{505, "HttpVersionNotSupported"};
    if (request.has_duplicates()) return Refusal{400, "DuplicateHeaders"};
    return std::nullopt;
}

MaybeRefusal check_device_token(std::string_view token) {
    if (token.empty()) return Refusal{400, "MissingDeviceToken"};
    if (token.size() < kTokenDigitsMin || token.size() > kTokenDigitsMax || token.size() % 2 != 0 ||
        !all_in(CharacterClass::hex, token))
        return Refusal{400, "BadDeviceToken"};
    return std::nullopt;
}

MaybeRefusal check_priority(const ApnsRequest& request) {
    const bool background = request.get(Field::push_type) == "background";
    if (!request.has(Field::priority))
        return background ? MaybeRefusal(Refusal{400, "BadPriority"}) : std::nullopt;
    const auto priority = request.get(Field::priority);
    const bool known = priority == "10" || priority == "5" || priority == "1";
    if (!known || (background && priority != "5")) return Refusal{400, "BadPriority"};
    return std::nullopt;
}

MaybeRefusal check_options(const ApnsRequest& request) {
    if (request.has(Field::id) && !is_uuid(request.get(Field::id)))
        return Refusal{400, "BadMessageId"};
    if (find_push_type(request.get(Field::push_type)) == nullptr)
        return Refusal{400, "InvalidPushType"};
    if (auto refusal = check_priority(request)) return refusal;
    const auto expiration = request.get(Field::expiration);
    if (request.has(Field::expiration) &&
        (expiration.empty() || expiration.size() > kExpirationDigitsMax ||
         !all_in(CharacterClass::digit, expiration)))
        return Refusal{400, "BadExpirationDate"};
    const auto collapse_id = request.get(Field::collapse_id);
    if (request.has(Field::collapse_id) &&
        (collapse_id.empty() || collapse_id.size() > kCollapseIdBytesMax ||
         !all_in(CharacterClass::printable, collapse_id)))
        return Refusal{400, "BadCollapseId"};
    return std::nullopt;
}

MaybeRefusal check_payload(const ApnsRequest& request) {
    const bool voip = request.get(Field::push_type) == "voip";
    if (request.body_bytes() > (voip ? kVoipPayloadBytesMax : kPayloadBytesMax))
        return Refusal{413, "PayloadTooLarge"};
    if (!is_json_object_with_members(request.body())) return Refusal{400, "PayloadEmpty"};
    return std::nullopt;
}

}  // namespace

bool is_uuid(std::string_view text) {
    constexpr auto kHex = CharacterClass::lower_hex;
    return text.size() == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' &&
           text[23] == '-' && all_in(kHex, text.substr(0, 8)) && all_in(kHex, text.substr(9, 4)) &&
           all_in(kHex, text.substr(14, 4)) && all_in(kHex, text.substr(19, 4)) &&
           all_in(kHex, text.substr(24));
}

ApnsCheck::ApnsCheck(Options options)
    : topics_(std::move(options.topics)), provider_tokens_(std::move(options.provider_token)) {}

MaybeRefusal ApnsCheck::refusal(const ApnsRequest& request, TokenInUse& in_use, WallTime now,
                                bool has_certificate) {
    if (auto refusal = check_target(request)) return refusal;
    if (!has_certificate || request.has(Field::authorization))
        if (auto refusal = check_authorization(request, in_use, now)) return refusal;
    if (auto refusal = check_device_token(request.token())) return refusal;
    if (auto refusal = check_topic(request)) return refusal;
    if (auto refusal = check_options(request)) return refusal;
    return check_payload(request);
}

MaybeRefusal ApnsCheck::check_authorization(const ApnsRequest& request, TokenInUse& in_use,
                                            WallTime now) {
    if (!request.has(Field::authorization)) return Refusal{403, "MissingProviderToken"};
    const auto header = request.get(Field::authorization);
    const bool unchanged = in_use.token && in_use.token->header == header;
    const auto token = unchanged ? in_use.token : provider_tokens_.read(header);
    if (!token->valid) return Refusal{403, "InvalidProviderToken"};
    const auto age = now - WallTime(seconds(token->issued_at));
    if (age < -kClockSkewMax) return Refusal{403, "InvalidProviderToken"};
    if (age > kProviderTokenLife) return Refusal{403, "ExpiredProviderToken"};
    if (unchanged) return std::nullopt;

    if (in_use.token && in_use.token->key_id != token->key_id)
        return Refusal{403, "UnrelatedKeyIdInToken"};
    if (in_use.token &&
        seconds(token->issued_at - in_use.token->issued_at) < kProviderTokenChangeMin)
        return Refusal{429, "TooManyProviderTokenUpdates"};
    in_use.token = token;
    return std::nullopt;
}

MaybeRefusal ApnsCheck::check_topic(const ApnsRequest& request) const {
    const auto topic = request.get(Field::topic);
    if (topic.empty()) return Refusal{400, "MissingTopic"};
    if (topic.size() > kTopicBytesMax || !all_in(CharacterClass::topic, topic))
        return Refusal{400, "BadTopic"};
    const auto* const type = find_push_type(request.get(Field::push_type));
    const auto suffix = type == nullptr ? std::string_view() : type->suffix;
    if (topic.size() <= suffix.size() || topic.substr(topic.size() - suffix.size()) != suffix)
        return Refusal{400, "TopicDisallowed"};
    const auto bundle = topic.substr(0, topic.size() - suffix.size());
    if (!topics_.empty() && std::find(topics_.begin(), topics_.end(), bundle) == topics_.end())
        return Refusal{400, "TopicDisallowed"};
    return std::nullopt;
}

}  // namespace dispatcher::mock
