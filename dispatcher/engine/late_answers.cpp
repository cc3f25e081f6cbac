#include "engine/late_answers.h"

namespace dispatcher {
namespace {

constexpr std::size_t kLateMax = 10'000;

}  // namespace

void LateAnswers::expect(Ticket ticket, Settlement question, DeadDevice device) {
    if (late_.size() < kLateMax)
        late_.emplace(ticket, Late{std::move(question), std::move(device)});
}

std::optional<SettleJob> LateAnswers::settle(const GatewayAnswer& answer, WallTime now) {
    const auto found = late_.find(answer.ticket);
    if (found == late_.end()) return std::nullopt;
    auto late = std::move(found->second);
    late_.erase(found);

    Settlement::Group group;
    group.settled.from_doubt = true;
    if (answer.outcome.kind == Outcome::Kind::accepted) {
        group.settled.to = FlagState::delivered;
    } else if (answer.outcome.kind == Outcome::Kind::rejected) {
        group.settled.to = FlagState::rejected;
        group.settled.code.reason = answer.outcome.reason;
        for (auto& token : late.settlement.dead) {
            token.reason = answer.outcome.reason;
            token.dead_since = answer.outcome.dead_since;
        }
    } else {
        return std::nullopt;
    }
    group.appids.push(late.device.appid);
    SettleJob job;
    if (is_dead_token(group.settled.code.reason)) {
        late.device.reason = answer.outcome.reason;
        late.device.at = answer.outcome.dead_since.value_or(now);
        job.dead.push_back(std::move(late.device));
    } else {
        late.settlement.dead.clear();
    }
    job.settlement = std::move(late.settlement);
    job.settlement.groups.push_back(std::move(group));
    return job;
}

}  // namespace dispatcher
