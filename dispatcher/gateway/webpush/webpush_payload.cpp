#include "gateway/webpush/webpush_payload.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/error.h"
#include "base/sha256.h"

namespace dispatcher::webpush {
namespace {

using json = nlohmann::ordered_json;

/// Stands where an id belongs that only the notification knows, at the same place in every payload.
constexpr std::string_view kPlace = "00000000-0000-0000-0000-000000000000";
constexpr std::string_view kIdKey = R"({"notification_id":")";
constexpr std::string_view kTagKey = R"(","tag":")";
constexpr std::size_t kIdAt = kIdKey.size();
constexpr std::size_t kTagAt = kIdAt + kPlace.size() + kTagKey.size();
constexpr std::size_t kTopicCharacters = 32;
/// base64url of SHA-256: what NotificationKey::collapse_id() has.
constexpr std::size_t kOwnCollapseCharacters = 43;

bool is_base64url(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    });
}

/// A collapse id that we made from (campaign, appid), rather than a key of the campaign file.
bool is_own(std::string_view collapse_id) {
    return collapse_id.size() == kOwnCollapseCharacters && is_base64url(collapse_id);
}

json block_of(const Message& message, const std::string& where) {
    const auto found = message.blocks.find("webpush");
    if (found == message.blocks.end()) return json::object();
    auto block = json::parse(found->second, nullptr, false);
    if (!block.is_object())
        throw ConfigError(where, "the webpush block must be a map that is merged into the payload");
    return block;
}

json own_shape(const LocaleText& text) {
    json payload = {{"notification_id", kPlace}, {"tag", kPlace}};
    const auto put = [&payload](const char* key, const std::string& value) {
        if (!value.empty()) payload[key] = value;
    };
    put("title", text.title);
    put("body", text.body);
    put("image", text.image);
    put("link", text.link);
    for (const auto& [key, value] : text.data)
        payload["data"][key] = value;
    return payload;
}

}  // namespace

PayloadDocument make_payload(const Message& message, const std::string& locale) {
    const auto where = "message, locale " + locale;
    const auto block = block_of(message, where);
    if (block.contains("notification_id"))
        throw ConfigError(where,
                          "the webpush block must not have a key \"notification_id\": it is the "
                          "notification's own");
    auto payload = own_shape(message.locales.at(locale));
    payload.merge_patch(block);
    return {payload.dump(-1, ' ', false, json::error_handler_t::replace), {}};
}

void fill_payload(const Notification& notification, std::string& out) {
    out.assign(notification.payload);
    const auto fill = [&out](std::string_view key, std::size_t at, std::string_view id) {
        const auto before = at - key.size();
        if (out.size() < at + kPlace.size() || id.size() != kPlace.size()) return;
        if (out.compare(before, key.size(), key) != 0) return;
        if (out.compare(at, kPlace.size(), kPlace) == 0) out.replace(at, kPlace.size(), id);
    };
    fill(kTagKey, kTagAt, [&]() -> std::string {
        const auto collapse_id = notification.collapse_id;
        if (collapse_id.empty() || is_own(collapse_id)) return std::string(notification.id);
        return std::string(NotificationKey(collapse_id, {}).id());
    }());
    fill(kIdKey, kIdAt, notification.id);
}

std::string topic_of(std::string_view collapse_id) {
    if (collapse_id.empty()) return {};
    if (is_own(collapse_id)) return std::string(collapse_id.substr(0, kTopicCharacters));
    return to_base64url(Sha256::of(collapse_id)).substr(0, kTopicCharacters);
}

}  // namespace dispatcher::webpush
