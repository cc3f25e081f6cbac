#include "cli/gateway_probe.h"

#include <algorithm>
#include <vector>

namespace dispatcher::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{5000};
/// After the first trouble: a host's other addresses may still answer.
constexpr milliseconds kOtherAddresses{1000};

}  // namespace

std::string unreachable_because(Site& site, const GatewayChoice& choice) {
    auto& clock = site.clock();
    const auto gateway = choice.type->open(*choice.options, clock, site.random());
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
    return {};
}

}  // namespace dispatcher::cli
