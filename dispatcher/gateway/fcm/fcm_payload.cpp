#include "gateway/fcm/fcm_payload.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace dispatcher::fcm {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 6> kParts = {"notification", "data",    "android",
                                                    "apns",         "webpush", "fcm_options"};
constexpr std::array<std::string_view, 3> kRecipients = {"token", "topic", "condition"};
constexpr std::string_view kIdName = "notification_id";
constexpr std::string_view kIdValue = "00000000-0000-0000-0000-000000000000";

template <class List>
bool is_in(const List& list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

json block_of(const Message& message, const std::string& where) {
    const auto found = message.blocks.find("fcm");
    if (found == message.blocks.end()) return json::object();
    auto block = json::parse(found->second, nullptr, false);
    if (!block.is_object())
        throw ConfigError(where, "the fcm block must be a map that is merged into the message");
    for (const auto& [name, value] : block.items()) {
        if (is_in(kRecipients, name))
            throw ConfigError(where, "the fcm block must not say `" + name +
                                         "`: recipients come from the audience");
        if (!is_in(kParts, name))
            throw ConfigError(where, fmt::format("the fcm block has no key `{}`; possible: {}",
                                                 name, fmt::join(kParts, ", ")));
    }
    return block;
}

/// Firebase's own words, and ours.
void check_data_key(const std::string& key, const std::string& where) {
    if (key == "from" || key == "message_type" || key.starts_with("google") ||
        key.starts_with("gcm"))
        throw ConfigError(where, "data must not have a key \"" + key +
                                     "\": FCM keeps it to itself "
                                     "(from, message_type, google…, gcm…)");
    if (key == kIdName)
        throw ConfigError(where, "data must not have a key \"notification_id\": it is ours");
}

json own_shape(const LocaleText& text, const std::string& where) {
    json message = {{"data", json::object()}};
    if (!text.title.empty()) message["notification"]["title"] = text.title;
    if (!text.body.empty()) message["notification"]["body"] = text.body;
    if (!text.image.empty()) message["notification"]["image"] = text.image;
    for (const auto& [key, value] : text.data)
        message["data"][key] = value;
    if (!text.link.empty()) message["data"]["link"] = text.link;
    for (const auto& [key, value] : message["data"].items())
        check_data_key(key, where);
    return message;
}

void check_data(const json& data, const std::string& where) {
    if (!data.is_object()) throw ConfigError(where, "the fcm block must leave `data` a map");
    for (const auto& [key, value] : data.items()) {
        check_data_key(key, where);
        if (!value.is_string())
            throw ConfigError(where, "data." + key +
                                         " must be a text: FCM takes nothing else, so "
                                         "put it in quotes");
    }
}

/// An empty name would look like a gap.
void check_names(const json& value, const std::string& where) {
    if (!value.is_structured()) return;
    for (const auto& [name, member] : value.items()) {
        if (value.is_object() && name.empty())
            throw ConfigError(where, "a name in the message must not be empty");
        check_names(member, where);
    }
}

json& map_at(json& object, const char* name, const std::string& where) {
    auto& member = object[name];
    if (member.is_null()) member = json::object();
    if (!member.is_object())
        throw ConfigError(where, std::string("the fcm block must leave `") + name + "` a map");
    return member;
}

/// Names are compared as HTTP does: `TTL` is `ttl`.
bool has_header(const json& headers, std::string_view name) {
    const auto is_same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) ==
               std::tolower(static_cast<unsigned char>(b));
    };
    return std::any_of(headers.items().begin(), headers.items().end(), [&](const auto& entry) {
        return std::equal(entry.key().begin(), entry.key().end(), name.begin(), name.end(),
                          is_same);
    });
}

void leave_gap(json& object, gap::Place place, int pieces) {
    if (pieces != 0) object[""] = 10 * place + pieces;
}

/// Only a message that shows something is shown: a tag alone would make a silent message visible.
void leave_gaps(json& message, const std::string& where) {
    auto& android = map_at(message, "android", where);
    const bool is_shown = message.contains("notification") || android.contains("notification");
    if (is_shown) {
        auto& shown = map_at(android, "notification", where);
        leave_gap(shown, gap::notification, shown.contains("tag") ? 0 : gap::tag);
    }
    leave_gap(android, gap::android,
              (android.contains("ttl") ? 0 : gap::ttl) +
                  (android.contains("priority") ? 0 : gap::priority));

    auto& apns = map_at(map_at(message, "apns", where), "headers", where);
    leave_gap(apns, gap::apns_headers,
              (has_header(apns, "apns-collapse-id") ? 0 : gap::collapse_id) +
                  (has_header(apns, "apns-expiration") ? 0 : gap::expiration) +
                  (has_header(apns, "apns-priority") || !is_shown ? 0 : gap::apns_priority));

    auto& webpush = map_at(map_at(message, "webpush", where), "headers", where);
    leave_gap(webpush, gap::webpush_headers,
              (has_header(webpush, "ttl") ? 0 : gap::webpush_ttl) +
                  (has_header(webpush, "urgency") ? 0 : gap::urgency) +
                  (has_header(webpush, "topic") ? 0 : gap::topic));
    leave_gap(message, gap::message, gap::token);
}

}  // namespace

PayloadDocument make_payload(const Message& message, const std::string& locale) {
    const auto where = "message, locale " + locale;
    auto payload = own_shape(message.locales.at(locale), where);
    payload.merge_patch(block_of(message, where));
    check_data(map_at(payload, "data", where), where);
    check_names(payload, where);
    if (!payload.contains("notification") && payload["data"].empty() &&
        !payload.contains("android") && !payload.contains("apns") && !payload.contains("webpush"))
        throw ConfigError(where,
                          "the message is empty: it needs a title, a body, data, or an fcm block");
    payload["data"][std::string(kIdName)] = kIdValue;
    leave_gaps(payload, where);
    return {payload.dump(-1, ' ', false, json::error_handler_t::replace), {}};
}

}  // namespace dispatcher::fcm
