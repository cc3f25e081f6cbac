#include "gateway/apns/apns_payload.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "gateway/apns/push_type.h"

namespace dispatcher::apns {
namespace {

using nlohmann::json;

json block_of(const Message& message, const std::string& where) {
    const auto found = message.blocks.find("apns");
    if (found == message.blocks.end()) return json::object();
    auto block = json::parse(found->second, nullptr, false);
    if (!block.is_object())
        throw ConfigError(where, "the apns block must be a map that is merged into the payload");
    return block;
}

/// A value of the block that becomes a header; empty if it is not there.
std::string take_text(json& block, const char* key) {
    const auto given = block.find(key);
    if (given == block.end()) return {};
    auto text = given->is_string() ? given->get<std::string>() : given->dump();
    block.erase(given);
    return text;
}

std::string take_push_type(json& block, const std::string& where) {
    auto type = take_text(block, "push_type");
    if (type.empty() || find_push_type(type) != nullptr) return type;
    throw ConfigError(
        where, "push_type \"" + type + "\" is not one that APNs knows: " + push_type_names());
}

std::string take_priority(json& block, const std::string& where) {
    auto priority = take_text(block, "priority");
    if (priority.empty() || priority == "10" || priority == "5" || priority == "1") return priority;
    throw ConfigError(where, "priority " + priority +
                                 " is not one that APNs knows: 10 (at once), 5 (when it suits the "
                                 "device's power), 1 (never wakes the device)");
}

json own_shape(const LocaleText& text, const std::string& where) {
    json payload = {{"aps", json::object()}};
    auto& aps = payload["aps"];
    if (!text.title.empty()) aps["alert"]["title"] = text.title;
    if (!text.body.empty()) aps["alert"]["body"] = text.body;
    for (const auto& [key, value] : text.data) {
        if (key == "aps")
            throw ConfigError(where,
                              "data must not have a key \"aps\": it belongs to APNs; use the "
                              "apns block to change it");
        payload[key] = value;
    }
    if (!text.link.empty()) payload["link"] = text.link;
    if (!text.image.empty()) {
        payload["image"] = text.image;
        // Only a service extension of the app can fetch an image, and only if it may change the
        // text.
        aps["mutable-content"] = 1;
    }
    return payload;
}

bool is_silent(const json& aps) {
    const auto available = aps.find("content-available");
    return available != aps.end() && *available == 1 && !aps.contains("alert");
}

void require(bool is_met, const std::string& where, const char* what) {
    if (!is_met) throw ConfigError(where, what);
}

void check_background(const json& aps, const std::string& priority, const std::string& where) {
    const bool shows_nothing =
        !aps.contains("alert") && !aps.contains("sound") && !aps.contains("badge");
    require(aps.value("content-available", json()) == 1 && shows_nothing, where,
            "push_type background needs aps.content-available: 1, and no title, body, sound or "
            "badge: APNs delays or drops it otherwise");
    require(priority.empty() || priority == "5", where,
            "push_type background must have priority 5");
}

void check_live_activity(const json& aps, const std::string& where) {
    const auto event = aps.value("event", json());
    require(event == "start" || event == "update" || event == "end", where,
            "push_type liveactivity needs aps.event: start, update or end");
    require(aps.contains("timestamp") && aps.contains("content-state"), where,
            "push_type liveactivity needs aps.timestamp and aps.content-state");
}

/// What the push type wants of the payload, as far as Apple says it.
void check_push_type(const json& payload, const PayloadDocument& document,
                     const std::string& where) {
    const auto& aps = payload["aps"];
    const auto& type = document.push_type;
    if (type == "alert")
        require(!aps.empty(), where,
                "an alert needs a title or a body, or an apns block that says what else to show");
    if (type == "background") check_background(aps, document.priority, where);
    if (type == "liveactivity") check_live_activity(aps, where);
    if (type == "mdm")
        require(payload.contains("mdm"), where,
                "push_type mdm needs the key `mdm`, the device's PushMagic");
    if (type == "widgets" || type == "controls")
        require(aps.contains("content-changed"), where,
                "push_type widgets and controls need aps.content-changed: true");
    const bool shows_text = type == "alert" || type == "liveactivity" || type == "voip" ||
                            type == "pushtotalk" || type == "complication";
    require(shows_text || !aps.contains("alert"), where,
            "this push_type shows no text: leave title and body out of the template, or choose "
            "push_type alert");
}

}  // namespace

PayloadDocument make_payload(const Message& message, const std::string& locale) {
    const auto where = "message, locale " + locale;
    auto block = block_of(message, where);
    PayloadDocument document;
    document.push_type = take_push_type(block, where);
    document.priority = take_priority(block, where);
    auto payload = own_shape(message.locales.at(locale), where);
    payload.merge_patch(block);
    if (!payload.contains("aps") || !payload["aps"].is_object())
        throw ConfigError(where, "the apns block must leave \"aps\" a map");
    if (document.push_type.empty())
        document.push_type = is_silent(payload["aps"]) ? "background" : "alert";
    check_push_type(payload, document, where);
    // An MDM payload is the key `mdm` and nothing else.
    if (document.push_type == "mdm" && payload["aps"].empty()) payload.erase("aps");
    document.bytes_max = find_push_type(document.push_type)->payload_bytes_max;
    document.json = payload.dump(-1, ' ', false, json::error_handler_t::replace);
    return document;
}

}  // namespace dispatcher::apns
