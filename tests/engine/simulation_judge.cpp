#include "engine/simulation_judge.h"

#include <fmt/format.h>

namespace dispatcher {

std::vector<std::string> Verdicts::of_campaign(CampaignId campaign,
                                               const std::vector<std::string>& audience) const {
    std::vector<std::string> broken;
    const auto head = database_.campaign(campaign);
    std::uint64_t in_doubt = 0;
    for (const auto& appid : audience) {
        const FlagKey key{head.scope, appid};
        const auto* row = database_.flag(nullptr, key);
        const auto ledger = ledger_.of(appid);
        if (row == nullptr) {
            if (!may_leave(campaign)) broken.push_back(fmt::format("I2: {} was lost", appid));
            if (ledger.accepted > 0)
                broken.push_back(fmt::format("I5: {} was sent and has no flag", appid));
            continue;
        }
        const auto found = of_flag(key, *row, may_leave(campaign));
        if (!found.empty()) broken.push_back(found);
        if (row->campaign == campaign && row->state == FlagState::in_doubt) ++in_doubt;
    }
    if (head.state == CampaignState::done && in_doubt > 0)
        broken.push_back(fmt::format("I11: {} in doubt in a campaign without doubt", in_doubt));
    return broken;
}

/// A cancelled or expired campaign leaves recipients as they are. What it gives back, the others of
/// its scope send to, however late it does.
bool Verdicts::may_leave(CampaignId campaign) const {
    const auto head = database_.campaign(campaign);
    const bool is_expired = head.deadline && *head.deadline <= database_.latest();
    return head.state == CampaignState::cancelled || is_expired;
}

std::string Verdicts::of_flag(const FlagKey& key, const FlagRows::Row& row,
                              bool may_be_left) const {
    const auto ledger = ledger_.of(key.appid);
    const bool was_resent = database_.resent().contains(key);
    const auto broken = [&](const char* what) {
        return fmt::format("{}: {} is {} (code {}{}), handed over {} and accepted {} times", what,
                           key.appid, to_string(row.state), static_cast<int>(row.code.reason),
                           row.code.was_in_doubt ? ", was in doubt" : "", ledger.submitted,
                           ledger.accepted);
    };
    if (ledger.accepted > 1 && !was_resent) return broken("I1, sent twice");
    const bool was_sent = ledger.accepted > 0;
    switch (row.state) {
        case FlagState::claimed:
            return broken("I2, still claimed");
        case FlagState::released:
            if (!may_be_left) return broken("I2, lost");
            break;
        case FlagState::delivered:
            if (!was_sent && row.code.reason != Reason::assumed) return broken("I3, never sent");
            return {};
        case FlagState::in_doubt:
            if (ledger.marked == 0 && !scenario_.loses_journals())
                return broken("I7, doubt without a request");
            return {};
        case FlagState::rejected:
        case FlagState::skipped:
            break;
    }
    // What is left proves "not sent", unless a policy took the risk.
    const bool is_doubtful = row.code.was_in_doubt && was_resent;
    if (was_sent && !is_doubtful) return broken("I4, I5, sent");
    return {};
}

std::vector<std::string> Verdicts::of_strangers(const std::set<std::string>& audiences) const {
    std::vector<std::string> broken;
    for (const auto& [appid, entry] : ledger_.entries())
        if (!audiences.contains(appid))
            broken.push_back(fmt::format("I6: {} is in no audience", appid));
    return broken;
}

}  // namespace dispatcher
