#include "gateway/webhook/webhook_payload.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace dispatcher::webhook {
namespace {

using nlohmann::json;

json own_shape(const LocaleText& text) {
    json payload = {{"data", text.data}};
    if (!text.title.empty()) payload["title"] = text.title;
    if (!text.body.empty()) payload["body"] = text.body;
    if (!text.image.empty()) payload["image"] = text.image;
    if (!text.link.empty()) payload["link"] = text.link;
    return payload;
}

}  // namespace

PayloadDocument make_payload(const Message& message, const std::string& locale) {
    const auto where = "message, locale " + locale;
    auto payload = own_shape(message.locales.at(locale));
    if (const auto found = message.blocks.find("webhook"); found != message.blocks.end()) {
        const auto block = json::parse(found->second, nullptr, false);
        if (!block.is_object())
            throw ConfigError(where,
                              "the webhook block must be a map that is merged into the body");
        payload.merge_patch(block);
    }
    for (const char* name : {"campaign", "appid", "notification_id", "token"})
        if (payload.contains(name))
            throw ConfigError(where, std::string("the webhook block must not have a key \"") +
                                         name + "\": each body has it already");
    return {payload.dump(-1, ' ', false, json::error_handler_t::replace), {}};
}

}  // namespace dispatcher::webhook
