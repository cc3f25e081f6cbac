#include "webhook_rig.h"

#include "gateway/webhook/webhook_type.h"

namespace dispatcher::test {
namespace {

/// Long enough for any machine, short enough for a test that fails.
constexpr std::chrono::seconds kPatience{20};

}  // namespace

WebhookRig::WebhookRig(const std::string& endpoint,
                       const std::function<void(GatewayOptions&)>& change) {
    options.name = "hook";
    options.type = "webhook";
    options.connections = 1;
    options.keys["url"] = endpoint + kHookPath;
    options.secrets["secret"] = Secret("a secret of the test");
    if (change) change(options);
    gateway = webhook::make_type()->open(options, clock, random_);
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
    return await([&] {
        for (auto room = gateway->capacity(); room > 0 && count > 0; --room, --count) {
            const auto ticket = next_ticket_++;
            const auto appid = "d-" + std::to_string(ticket);
            gateway->submit(ticket, notification(appid));
        }
        return count == 0;
    });
}

bool WebhookRig::exchange(std::size_t count) {
    return send(count) && await([&] { return by_ticket_.size() == next_ticket_; });
}

bool WebhookRig::await_answers(std::size_t count) {
    return await([&] { return answers.size() >= count; });
}

bool WebhookRig::await(const std::function<bool()>& is_true) {
    SystemClock real;
    const auto end = real.now() + kPatience;
    while (!is_true()) {
        if (real.now() > end) return false;
        const auto before = answers.size();
        gateway->wait(clock.now() + std::chrono::milliseconds(5), answers);
        for (auto i = before; i < answers.size(); ++i)
            by_ticket_[answers[i].ticket].push_back(describe(answers[i].outcome));
    }
    return true;
}

std::string WebhookRig::nth_answer(Ticket ticket, std::size_t n) const {
    const auto found = by_ticket_.find(ticket);
    return found == by_ticket_.end() || found->second.size() <= n ? "-" : found->second[n];
}

}  // namespace dispatcher::test
