#include "cli/gateway_probe.h"

#include <algorithm>
#include <vector>

namespace dispatcher::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{5000};
/// After the first trouble: a host's other addresses may still answer.
constexpr milliseconds kOtherAddresses{1000};
/// For the answer to a request that is only checked.
constexpr milliseconds kCheckPatience{15'000};

/// A token of no device: that it is unknown is what a well-meaning gateway says of it.
constexpr std::string_view kNoToken = "pushonce-probe";

/// Has the gateway check one request; "" unless it faults the configuration.
std::string fault_of_check(Site& site, const GatewayChoice& choice, Gateway& gateway) {
    Message message;
    message.default_locale = "en";
    message.locales["en"].title = "Pushonce";
    const auto document = choice.type->payload_document(message, "en");
    const NotificationKey key("probe", "probe");
    Notification notification;
    notification.appid = "probe";
    notification.token = kNoToken;
    notification.payload = document.json;
    notification.push_type = document.push_type;
    notification.id = key.id();
    notification.expires_at = site.clock().wall() + std::chrono::hours(1);

    std::vector<GatewayAnswer> answers;
    const auto give_up_at = site.clock().now() + kCheckPatience;
    // Credentials that had just expired are renewed, and then the answer is another one.
    for (int attempt = 0; attempt < 2; ++attempt) {
        answers.clear();
        while (gateway.capacity() == 0 && site.clock().now() < give_up_at)
            gateway.wait(give_up_at, answers);
        gateway.submit(0, notification);
        while (answers.empty() && site.clock().now() < give_up_at)
            gateway.wait(give_up_at, answers);
        if (answers.empty()) return "it does not answer";
        const auto& answer = answers.front();
        if (answer.outcome.kind == Outcome::Kind::campaign_fault) return gateway.fault();
        if (answer.outcome.kind == Outcome::Kind::unknown)
            return "it answers " + std::string(answer.detail);
        if (answer.outcome.kind != Outcome::Kind::not_sent) return {};
    }
    return "it does not take a request";
}

}  // namespace

std::string unreachable_because(Site& site, const GatewayChoice& choice) {
    auto& clock = site.clock();
    auto gateway = choice.type->open_for_checks(*choice.options, clock, site.random());
    const bool checks = gateway != nullptr;
    if (!checks) gateway = choice.type->open(*choice.options, clock, site.random());
    std::vector<GatewayAnswer> answers;  // nothing is sent, so nothing is answered
    auto give_up_at = clock.now() + kPatience;
    std::string trouble;
    while (gateway->capacity() == 0) {
        const auto now = clock.now();
        const auto health = gateway->health();
        if (!health.trouble.empty() && trouble.empty())
            give_up_at = std::min(give_up_at, now + kOtherAddresses);
        if (!health.trouble.empty()) trouble = health.trouble;
        if (now >= give_up_at) return trouble.empty() ? "it does not answer" : trouble;
        gateway->wait(give_up_at, answers);
    }
    return checks ? fault_of_check(site, choice, *gateway) : std::string();
}

}  // namespace dispatcher::cli
