#include "gateway/apns/apns_payload.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace dispatcher::apns {
namespace {

using nlohmann::json;

constexpr std::array kPushTypes = {
    "alert", "background",   "location",   "voip",     "complication", "fileprovider",
    "mdm",   "liveactivity", "pushtotalk", "controls", "widgets",
};

json block_of(const Message& message, const std::string& where) {
    const auto found = message.blocks.find("apns");
    if (found == message.blocks.end()) return json::object();
    auto block = json::parse(found->second, nullptr, false);
    if (!block.is_object())
        throw ConfigError(where, "the apns block must be a map that is merged into the payload");
    return block;
}

std::string take_push_type(json& block, const std::string& where) {
    const auto given = block.find("push_type");
    if (given == block.end()) return {};
    const auto type = given->is_string() ? given->get<std::string>() : given->dump();
    if (std::find(kPushTypes.begin(), kPushTypes.end(), type) == kPushTypes.end())
        throw ConfigError(where, "push_type \"" + type +
                                     "\" is not one that APNs knows: alert, background, location, "
                                     "voip, complication, fileprovider, mdm, liveactivity, "
                                     "pushtotalk, controls or widgets");
    block.erase(given);
    return type;
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

/// APNs drops or delays what does not match its push type.
bool is_background(const json& aps) {
    const auto available = aps.find("content-available");
    return available != aps.end() && *available == 1 && !aps.contains("alert");
}

}  // namespace

PayloadDocument make_payload(const Message& message, const std::string& locale) {
    const auto where = "message, locale " + locale;
    auto block = block_of(message, where);
    auto push_type = take_push_type(block, where);
    auto payload = own_shape(message.locales.at(locale), where);
    payload.merge_patch(block);
    if (!payload.contains("aps") || !payload["aps"].is_object())
        throw ConfigError(where, "the apns block must leave \"aps\" a map");
    if (push_type.empty()) push_type = is_background(payload["aps"]) ? "background" : "alert";
    if (push_type == "alert" && payload["aps"].empty())
        throw ConfigError(where,
                          "an alert needs a title or a body, or an apns block that says what "
                          "else to show");
    return {payload.dump(-1, ' ', false, json::error_handler_t::replace), push_type};
}

}  // namespace dispatcher::apns
