#include "gateway/loopback/loopback_type.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "gateway/loopback/loopback_gateway.h"

namespace dispatcher::loopback {
namespace {

using nlohmann::json;

constexpr std::size_t kPayloadBytesMax = 65'536;

/// What the options say about every notification.
Outcome outcome_of(const GatewayOptions& options) {
    if (options.key("accept") != "none") return Outcome::accepted();
    const auto otherwise = options.key("otherwise");
    if (otherwise == "refuse") return Outcome::refused(Reason::too_many_requests);
    if (otherwise == "doubt") return Outcome::unknown(Reason::timeout);
    return Outcome::rejected(Reason::rejected_by_request);
}

class LoopbackType final : public GatewayType {
  public:
    [[nodiscard]] std::string_view name() const override { return "loopback"; }

    [[nodiscard]] std::vector<Key> keys() const override {
        return {{"accept", Key::Form::choice, false, {"all", "none"}},
                {"otherwise", Key::Form::choice, false, {"reject", "refuse", "doubt"}},
                {"ledger", Key::Form::path, false, {}}};
    }

    [[nodiscard]] bool needs_token() const override { return false; }
    [[nodiscard]] std::size_t payload_bytes_max() const override { return kPayloadBytesMax; }

    [[nodiscard]] std::string target(const GatewayOptions&) const override {
        return "nowhere (loopback)";
    }

    [[nodiscard]] PayloadDocument payload_document(const Message& message,
                                                   const std::string& locale) const override {
        const auto& text = message.locales.at(locale);
        json payload = {{"title", text.title},
                        {"body", text.body},
                        {"image", text.image},
                        {"link", text.link},
                        {"data", text.data}};
        if (const auto found = message.blocks.find("loopback"); found != message.blocks.end()) {
            const auto block = json::parse(found->second, nullptr, false);
            if (!block.is_object())
                throw ConfigError("message, locale " + locale, "the loopback block must be a map");
            payload.merge_patch(block);
        }
        return {payload.dump(-1, ' ', false, json::error_handler_t::replace), {}};
    }

    [[nodiscard]] RequestPreview preview(const GatewayOptions&,
                                         const Notification& notification) const override {
        RequestPreview preview;
        preview.method = "NONE";
        preview.url = "loopback:" + std::string(notification.appid);
        preview.headers = {{"notification-id", std::string(notification.id)}};
        preview.body = notification.payload;
        return preview;
    }

    [[nodiscard]] Trial trial(const GatewayOptions&) const override {
        return {Trial::Way::read, {}, "it sends nothing", {}};
    }

    [[nodiscard]] std::unique_ptr<Gateway> open(const GatewayOptions& options, Clock& clock,
                                                Random&) const override {
        return std::make_unique<LoopbackGateway>(outcome_of(options), options.in_flight,
                                                 options.key("ledger"), clock);
    }
};

}  // namespace

std::unique_ptr<GatewayType> make_type() {
    return std::make_unique<LoopbackType>();
}

}  // namespace dispatcher::loopback
