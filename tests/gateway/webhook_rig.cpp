#include "webhook_rig.h"

#include "gateway/webhook/webhook_type.h"

namespace dispatcher::test {

WebhookRig::WebhookRig(const std::string& endpoint,
                       const std::function<void(GatewayOptions&)>& change) {
    options.name = "hook";
    options.type = "webhook";
    options.connections = 1;
    options.keys["url"] = endpoint + kHookPath;
    options.secrets["secret"] = Secret("a secret of the test");
    if (change) change(options);
    gateway = webhook::make_type()->open(options, clock, random);
}

Notification WebhookRig::notification(const std::string& appid) const {
    Notification made;
    made.campaign = "spring-sale";
    made.appid = appid;
    made.payload = R"({"title":"Grüße"})";
    made.id = "01234567-89ab-8def-8123-456789abcdef";
    made.expires_at = WallTime(std::chrono::milliseconds(1'900'000'000'999));
    return made;
}

bool WebhookRig::send(std::size_t count) {
    return send_by(
        [this] {
            const auto ticket = next_ticket++;
            const auto appid = "d-" + std::to_string(ticket);
            gateway->submit(ticket, notification(appid));
        },
        count);
}

bool WebhookRig::exchange(std::size_t count) {
    return send(count) && await([&] { return tickets_answered() == next_ticket; });
}

}  // namespace dispatcher::test
