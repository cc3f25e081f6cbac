#include "gateway_rig.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace dispatcher::test {
namespace {

/// Long enough for any machine, short enough for a test that fails.
constexpr std::chrono::seconds kPatience{20};

}  // namespace

bool GatewayRig::await(const std::function<bool()>& is_true) {
    SystemClock real;
    const auto end = real.now() + kPatience;
    while (!is_true()) {
        if (real.now() > end) return false;
        // What the other side sees ends no wait(), so each one is short.
        const auto before = answers.size();
        gateway->wait(clock.now() + std::chrono::milliseconds(5), answers);
        for (auto i = before; i < answers.size(); ++i)
            by_ticket_[answers[i].ticket].push_back(describe(answers[i].outcome));
    }
    return true;
}

bool GatewayRig::await_answers(std::size_t count) {
    return await([&] { return answers.size() >= count; });
}

void GatewayRig::turn() {
    bool is_over = false;
    static_cast<void>(await([&] { return std::exchange(is_over, true); }));
}

std::size_t GatewayRig::answers_max() const {
    std::size_t most = 0;
    for (const auto& [ticket, all] : by_ticket_)
        most = std::max(most, all.size());
    return most;
}

bool GatewayRig::send_by(const std::function<void()>& submit_one, std::size_t count) {
    return await([&] {
        for (auto room = gateway->capacity(); room > 0 && count > 0; --room, --count)
            submit_one();
        return count == 0;
    });
}

std::string GatewayRig::nth_answer(Ticket ticket, std::size_t n) const {
    const auto found = by_ticket_.find(ticket);
    return found == by_ticket_.end() || found->second.size() <= n ? "-" : found->second[n];
}

std::string describe(const Outcome& outcome) {
    constexpr std::array kKinds = {"accepted", "rejected", "refused",
                                   "not_sent", "unknown",  "campaign_fault"};
    std::string text = kKinds.at(static_cast<std::size_t>(outcome.kind));
    if (outcome.reason != Reason::none) text += " " + std::string(to_string(outcome.reason));
    return text;
}

std::string id_of(Ticket ticket) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "00000000-0000-8000-8000-%012llx",
                  static_cast<unsigned long long>(ticket));
    return text.data();
}

}  // namespace dispatcher::test
