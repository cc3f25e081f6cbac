#include "store/claim_choice.h"

#include "store/key_merge.h"

namespace dispatcher {

ClaimChoice::ClaimChoice(const ClaimRequest& request, const FlagRows& flags,
                         const AppidList& suppressed, WallTime now) {
    absent.reserve(request.appids.size());
    std::size_t next = 0;  // in the suppressed ones, which are in the same order
    merge_keys(request.appids, flags, [&](std::string_view appid, const FlagRows::Row* row) {
        const bool is_suppressed = next < suppressed.size() && suppressed[next] == appid;
        if (is_suppressed) ++next;
        if (row == nullptr) {
            (is_suppressed ? absent_suppressed : absent).push_back(appid);
            return;
        }
        const bool is_due = row->state == FlagState::released &&
                            has_tries_left(*row, request.campaign, request.attempts_max) &&
                            (!row->due_at || *row->due_at <= now);
        if (!is_due) return;
        (is_suppressed ? released_suppressed : due).push_back(appid);
        if (!is_suppressed && row->campaign != request.campaign) taken_over_.push_back(appid);
    });
}

void ClaimChoice::keep_fresh(std::size_t most) {
    if (fresh() <= most) return;
    is_cut_ = true;
    while (taken_over_.size() > most) {
        std::erase(due, taken_over_.back());
        taken_over_.pop_back();
    }
    absent.resize(most - taken_over_.size());
}

}  // namespace dispatcher
