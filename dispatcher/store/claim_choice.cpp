#include "store/claim_choice.h"

#include <algorithm>

#include "store/key_merge.h"

namespace dispatcher {

ClaimChoice::ClaimChoice(const ClaimRequest& request, const FlagRows& flags,
                         const AppidList& suppressed, WallTime now) {
    absent_.reserve(request.appids.size());
    std::size_t next = 0;  // in the suppressed ones, which are in the same order
    merge_keys(request.appids, flags, [&](std::string_view appid, const FlagRows::Row* row) {
        const bool is_suppressed = next < suppressed.size() && suppressed[next] == appid;
        if (is_suppressed) ++next;
        if (row == nullptr) {
            (is_suppressed ? absent_suppressed_ : absent_).push_back(appid);
            return;
        }
        const bool is_due = row->state == FlagState::released &&
                            has_tries_left(*row, request.campaign, request.attempts_max) &&
                            (!row->due_at || *row->due_at <= now);
        if (!is_due) return;
        (is_suppressed ? released_suppressed_ : due_).push_back(appid);
        if (!is_suppressed && row->campaign != request.campaign) taken_over_.push_back(appid);
    });
}

bool ClaimChoice::count_first(StoreSession& session, const ClaimRequest& request) {
    if (request.first_count == 0) return true;
    const auto counted = session.lock_first_count(request.campaign);
    const auto left = request.first_count - std::min<std::uint64_t>(counted, request.first_count);
    const bool is_cut = fresh() > left;
    if (is_cut) keep_fresh(left);
    if (is_cut && asked() == 0) return false;
    if (fresh() > 0) session.set_first_count(request.campaign, counted + fresh());
    is_last_of_first_ = fresh() == left;
    return true;
}

void ClaimChoice::keep_fresh(std::size_t most) {
    while (taken_over_.size() > most) {
        std::erase(due_, taken_over_.back());
        taken_over_.pop_back();
    }
    absent_.resize(most - taken_over_.size());
}

void ClaimChoice::write(StoreSession& session, const ClaimRequest& request) const {
    const auto [scope, campaign] = std::pair{request.scope, request.campaign};
    if (!absent_.empty()) session.insert_claims(scope, campaign, request.claim, absent_);
    if (!due_.empty()) session.reclaim(scope, campaign, request.claim, due_);
    if (!absent_suppressed_.empty())
        session.insert_skipped(scope, campaign, Reason::suppressed, absent_suppressed_);
    if (!released_suppressed_.empty())
        session.skip_released(scope, campaign, Reason::suppressed, released_suppressed_);
}

}  // namespace dispatcher
