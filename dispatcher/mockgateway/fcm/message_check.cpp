#include "mockgateway/fcm/message_check.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>

#include <nlohmann/json.hpp>

#include "mockgateway/character_class.h"

namespace dispatcher::mock {
namespace {

using nlohmann::json;
using MaybeError = std::optional<ErrorDocument>;

constexpr std::size_t kPayloadBytesMax = 4096;
constexpr std::size_t kBodyBytesMax = 65'536;
constexpr std::size_t kTokenBytesMin = 32;
constexpr std::size_t kTokenBytesMax = 4096;
constexpr double kTtlSecondsMax = 2'419'200;
constexpr std::size_t kApnsCollapseIdBytesMax = 64;
constexpr std::size_t kTopicBytesMax = 32;

ErrorDocument invalid(std::string message, std::string field = {},
                      std::string_view fcm_code = "INVALID_ARGUMENT") {
    return {400, "INVALID_ARGUMENT", std::move(message), fcm_code, std::move(field)};
}

/// What the JSON layer in front of FCM refuses: no FcmError.
ErrorDocument unreadable(std::string message, std::string field = {}) {
    return invalid("Invalid JSON payload received. " + message, std::move(field), {});
}

using Names = std::initializer_list<std::string_view>;

MaybeError check_names(const json& object, const std::string& path, Names allowed) {
    if (!object.is_object()) return unreadable("'" + path + "' is no object.", path);
    for (const auto& [name, value] : object.items())
        if (std::find(allowed.begin(), allowed.end(), name) == allowed.end())
            return unreadable("Unknown name \"" + name + "\" at '" + path + "': Cannot find field.",
                              path);
    return std::nullopt;
}

/// An object all of whose members are texts.
MaybeError check_texts(const json& object, const std::string& path) {
    if (!object.is_object()) return unreadable("'" + path + "' is no object.", path);
    for (const auto& [name, value] : object.items())
        if (!value.is_string())
            return unreadable("Invalid value at '" + path + "." + name + "' (TYPE_STRING)",
                              path + "." + name);
    return std::nullopt;
}

MaybeError check_texts_among(const json& object, const std::string& path, Names names) {
    for (const auto name : names) {
        const auto found = object.find(std::string(name));
        if (found != object.end() && !found->is_string())
            return unreadable("Invalid value at '" + path + "' (TYPE_STRING)",
                              path + "." + std::string(name));
    }
    return std::nullopt;
}

const json& member(const json& object, const char* name) {
    static const json kNothing = json::object();
    const auto found = object.find(name);
    return found == object.end() ? kNothing : *found;
}

std::string text_of(const json& object, const char* name) {
    const auto& value = member(object, name);
    return value.is_string() ? value.get<std::string>() : std::string();
}

/// "3.5s" as protobuf's Duration is written.
bool is_ttl(const std::string& text) {
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
    return error == std::errc() && rest + 1 == end && *rest == 's' && value >= 0 &&
           value <= kTtlSecondsMax;
}

bool is_token(const std::string& text) {
    return text.size() >= kTokenBytesMin && text.size() <= kTokenBytesMax &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (is_in(CharacterClass::topic, c) && c != '.') || c == ':';
           });
}

bool is_number(const std::string& text) {
    return !text.empty() && text.size() <= 12 && all_in(CharacterClass::digit, text);
}

MaybeError check_recipient(const json& message) {
    const int recipients = static_cast<int>(message.contains("token")) +
                           static_cast<int>(message.contains("topic")) +
                           static_cast<int>(message.contains("condition"));
    if (recipients != 1)
        return invalid(recipients == 0 ? "Recipient of the message is not set."
                                       : "Exactly one of token, topic or condition is required.");
    if (!message.contains("token")) return invalid("The mock sends to tokens only.", "message");
    if (!message["token"].is_string() || !is_token(message["token"].get<std::string>()))
        return invalid("The registration token is not a valid FCM registration token",
                       "message.token");
    return std::nullopt;
}

MaybeError check_data(const json& message) {
    const auto& data = member(message, "data");
    if (auto error = check_texts(data, "message.data")) return error;
    for (const auto& [key, value] : data.items())
        if (key.empty() || key == "from" || key == "message_type" || key.starts_with("google.") ||
            key.starts_with("gcm."))
            return invalid("Invalid data payload key: " + key, "message.data");
    return std::nullopt;
}

MaybeError check_notification(const json& message) {
    const auto& shown = member(message, "notification");
    if (auto error = check_names(shown, "message.notification", {"title", "body", "image"}))
        return error;
    return check_texts(shown, "message.notification");
}

MaybeError check_android(const json& message) {
    const auto& android = member(message, "android");
    if (auto error = check_names(android, "message.android",
                                 {"collapse_key", "priority", "ttl", "restricted_package_name",
                                  "data", "notification", "fcm_options", "direct_boot_ok"}))
        return error;
    if (auto error =
            check_texts_among(android, "message.android",
                              {"collapse_key", "priority", "ttl", "restricted_package_name"}))
        return error;
    if (android.contains("ttl") && !is_ttl(text_of(android, "ttl")))
        return unreadable("Invalid value at 'message.android.ttl' (Duration)",
                          "message.android.ttl");
    const auto priority = text_of(android, "priority");
    if (android.contains("priority") && priority != "HIGH" && priority != "NORMAL" &&
        priority != "high" && priority != "normal")
        return unreadable("Invalid value at 'message.android.priority' (AndroidMessagePriority)",
                          "message.android.priority");
    const auto& shown = member(android, "notification");
    if (!shown.is_object())
        return unreadable("Invalid value at 'message.android.notification'",
                          "message.android.notification");
    return check_texts_among(shown, "message.android.notification",
                             {"title", "body", "icon", "color", "sound", "tag", "click_action",
                              "channel_id", "image", "ticker"});
}

MaybeError check_apns(const json& message) {
    const auto& apns = member(message, "apns");
    if (auto error = check_names(apns, "message.apns",
                                 {"headers", "payload", "fcm_options", "live_activity_token"}))
        return error;
    const auto& headers = member(apns, "headers");
    if (auto error = check_texts(headers, "message.apns.headers")) return error;
    if (text_of(headers, "apns-collapse-id").size() > kApnsCollapseIdBytesMax)
        return invalid("Invalid apns-collapse-id", "message.apns.headers");
    if (headers.contains("apns-expiration") && !is_number(text_of(headers, "apns-expiration")))
        return invalid("Invalid apns-expiration", "message.apns.headers");
    const auto priority = text_of(headers, "apns-priority");
    if (headers.contains("apns-priority") && priority != "10" && priority != "5" && priority != "1")
        return invalid("Invalid apns-priority", "message.apns.headers");
    if (!member(apns, "payload").is_object())
        return unreadable("Invalid value at 'message.apns.payload'", "message.apns.payload");
    return std::nullopt;
}

MaybeError check_webpush(const json& message) {
    const auto& webpush = member(message, "webpush");
    if (auto error = check_names(webpush, "message.webpush",
                                 {"headers", "data", "notification", "fcm_options"}))
        return error;
    const auto& headers = member(webpush, "headers");
    if (auto error = check_texts(headers, "message.webpush.headers")) return error;
    if (headers.contains("TTL") && !is_number(text_of(headers, "TTL")))
        return invalid("Invalid TTL", "message.webpush.headers");
    const auto topic = text_of(headers, "Topic");
    if (topic.size() > kTopicBytesMax || topic.find('.') != topic.npos ||
        (!topic.empty() && !all_in(CharacterClass::topic, topic)))
        return invalid("Invalid Topic", "message.webpush.headers");
    return std::nullopt;
}

/// What reaches the device whichever it is.
MaybeError check_size(const json& message) {
    std::size_t bytes = 0;
    for (const auto* name : {"notification", "data"})
        if (message.contains(name)) bytes += message[name].dump().size();
    if (bytes > kPayloadBytesMax) return invalid("Message is too big");
    return std::nullopt;
}

void take(const json& message, FcmMessage& result) {
    result.token = text_of(message, "token");
    result.notification_id = text_of(member(message, "data"), "notification_id");
    result.is_shown = message.contains("notification");
    result.collapse_id = text_of(member(member(message, "android"), "notification"), "tag");
    if (result.collapse_id.empty())
        result.collapse_id =
            text_of(member(member(message, "apns"), "headers"), "apns-collapse-id");
}

}  // namespace

MaybeError read_message(std::string_view body, std::size_t body_bytes, FcmMessage& result) {
    if (body_bytes > kBodyBytesMax) return invalid("Request payload size exceeds the limit.");
    const auto whole = json::parse(body, nullptr, false);
    if (!whole.is_object()) return unreadable("Unable to parse.");
    if (auto error = check_names(whole, "", {"message", "validate_only"})) return error;
    const auto& only = member(whole, "validate_only");
    if (whole.contains("validate_only") && !only.is_boolean())
        return unreadable("Invalid value at 'validate_only' (TYPE_BOOL)", "validate_only");
    result.validate_only = only.is_boolean() && only.get<bool>();
    const auto& message = member(whole, "message");
    if (auto error = check_names(message, "message",
                                 {"name", "data", "notification", "android", "webpush", "apns",
                                  "fcm_options", "token", "topic", "condition"}))
        return error;
    for (const auto check : {check_data, check_notification, check_android, check_apns,
                             check_webpush, check_recipient, check_size})
        if (auto error = check(message)) return error;
    take(message, result);
    return std::nullopt;
}

}  // namespace dispatcher::mock
