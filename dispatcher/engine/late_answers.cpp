#include "engine/late_answers.h"

namespace dispatcher {
namespace {

constexpr std::size_t kLateMax = 10'000;

}  // namespace

void LateAnswers::expect(Ticket ticket, Settlement question, std::string_view appid) {
    if (late_.size() < kLateMax)
        late_.emplace(ticket, Late{std::move(question), std::string(appid)});
}

std::optional<SettleJob> LateAnswers::settle(const GatewayAnswer& answer) {
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
    if (!is_dead_token(group.settled.code.reason)) late.settlement.dead.clear();
    group.appids.push(late.appid);
    SettleJob job;
    job.settlement = std::move(late.settlement);
    job.settlement.groups.push_back(std::move(group));
    return job;
}

}  // namespace dispatcher
