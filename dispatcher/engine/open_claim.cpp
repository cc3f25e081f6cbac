#include "engine/open_claim.h"

#include <algorithm>
#include <utility>

namespace dispatcher {
namespace {

/// A finished run of rows shorter than this is settled by keys, a longer one by range.
constexpr std::size_t kRangeRowsMin = 8;

bool same(const Settled& a, const Settled& b) {
    return a.to == b.to && a.code == b.code && a.tries_added == b.tries_added &&
           a.due_in == b.due_in;
}

}  // namespace

OpenClaim::OpenClaim(Claim taken, std::uint32_t number)
    : claim(std::move(taken)),
      rows(claim.rows.size()),
      unanswered(claim.rows.size()),
      unsettled(claim.rows.size()),
      serial(number) {}

void OpenClaim::answer(std::uint32_t row, FlagState to, Reason reason, BootTime now) {
    rows[row].phase = Phase::answered;
    rows[row].to = to;
    rows[row].reason = reason;
    --unanswered;
    if (!answered_since) answered_since = now;
}

Settlement OpenClaim::identify(CampaignId campaign) const {
    Settlement settlement;
    settlement.campaign = campaign;
    settlement.scope = claim.chunk->scope;
    settlement.chunk = claim.chunk->head.no;
    settlement.claim = claim.id;
    settlement.fence = claim.chunk->head.fence;
    return settlement;
}

Outcome OpenClaim::weigh(std::uint32_t row, Outcome outcome) const {
    outcome.suspicious &= !claim.rows[row].was_rejected;
    return outcome;
}

void OpenClaim::note_dead(DeadDevice device, std::optional<DeadToken> token) {
    dead_devices_.push_back(std::move(device));
    if (token) dead_.push_back(std::move(*token));
}

SettleJob OpenClaim::settle(CampaignId campaign, bool ranges_allowed) {
    SettleJob job;
    job.batch = claim.batch;
    job.chunk = claim.chunk;
    job.settlement = identify(campaign);
    auto& settlement = job.settlement;

    const auto is_final = [&](const Row& row) {
        return row.phase == Phase::answered || row.phase == Phase::settled;
    };
    for (auto begin = rows.begin(); begin != rows.end();) {
        begin = std::find_if(begin, rows.end(), is_final);
        const auto end = std::find_if_not(begin, rows.end(), is_final);
        const auto run = static_cast<std::size_t>(end - begin);
        const auto first = static_cast<std::size_t>(begin - rows.begin());
        const bool by_range = ranges_allowed && run >= kRangeRowsMin;
        bool confirms = false;
        for (auto row = first; row < first + run; ++row) {
            if (rows[row].phase == Phase::settled) continue;
            const bool is_plain =
                rows[row].to == FlagState::delivered && rows[row].tries_added == 1;
            if (by_range && is_plain) {
                confirms = true;
                settlement.accepted.push(appid(row));
            } else {
                add_to_group(settlement, row);
            }
            rows[row].phase = Phase::settled;
            --unsettled;
        }
        if (confirms)
            settlement.confirmed.push_back(
                {std::string(appid(first)), std::string(appid(first + run - 1))});
        begin = end;
    }
    settlement.dead = std::exchange(dead_, {});
    std::ranges::sort(settlement.dead, {}, &DeadToken::mark);
    job.dead = std::exchange(dead_devices_, {});
    answered_since.reset();
    job.ends_claim = unsettled == 0;
    return job;
}

void OpenClaim::add_to_group(Settlement& settlement, std::size_t row) const {
    Settled settled;
    settled.to = rows[row].to;
    settled.code.reason = rows[row].reason;
    settled.tries_added = rows[row].tries_added;
    settled.due_in = rows[row].due_in;
    settled.from_doubt = settled.to != FlagState::in_doubt;
    auto& groups = settlement.groups;
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const Settlement::Group& g) { return same(g.settled, settled); });
    if (group == groups.end()) group = groups.insert(groups.end(), {settled, {}});
    group->appids.push(appid(row));
}

}  // namespace dispatcher
