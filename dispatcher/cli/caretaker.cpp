#include "cli/caretaker.h"

#include "cli/left_claims.h"
#include "cli/operator_identity.h"
#include "cli/state_change.h"
#include "cli/unfinished.h"

namespace dispatcher::cli {
namespace {

using enum CampaignState;

bool is_expired(const CampaignHead& head) {
    return head.deadline && *head.deadline <= head.now;
}

/// Changes whenever somebody may have given recipients back to a finished campaign: another one of
/// its scope ended without sending to all, or the deadline was moved. 0: nothing of the kind.
std::uint64_t what_may_reopen(const CampaignHead& own, const std::vector<CampaignRecord>& all) {
    std::uint64_t what = 0;
    for (const auto& other : all)
        if (other.head.scope == own.scope && other.head.id != own.id &&
            (other.head.state == cancelled || is_expired(other.head)))
            what += other.head.epoch + 1;
    if (own.deadline && !is_expired(own))
        what += static_cast<std::uint64_t>(own.deadline->time_since_epoch().count());
    return what == 0 ? 0 : what + own.epoch;
}

}  // namespace

void Caretaker::look_after(const CampaignRecord& listed, const std::vector<CampaignRecord>& all) {
    const auto& head = listed.head;
    auto& seen = looked_at_[head.id];
    if (head.state == paused || head.state == cancelled) {
        if (seen == head.epoch) return;
        auto& store = site_.campaigns();
        if (sweep_visibly(site_, head, err_) == 0 && !is_worked_on(store, head.id))
            seen = head.epoch;
    } else if (head.state == done || head.state == done_with_doubt) {
        const auto what = what_may_reopen(head, all);
        if (what == 0 || seen == what) return;
        seen = what;
        auto record = listed;
        (void)reopen_if_unfinished(site_, record,
                                   this_operator("it has recipients left to send to"));
    }
}

}  // namespace dispatcher::cli
