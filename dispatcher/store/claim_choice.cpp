#include "store/claim_choice.h"

#include <algorithm>

#include "store/key_merge.h"

namespace dispatcher {

ClaimChoice::ClaimChoice(const ClaimRequest& request, const FlagRows& flags,
                         const AppidList& suppressed, WallTime now) {
    absent_.reserve(request.appids.size());
    // Where we are in those that are to be skipped, which come in the same order.
    std::size_t next_suppressed = 0;
    std::size_t next_skip = 0;
    merge_keys(request.appids, flags, [&](std::string_view appid, const FlagRows::Row* row) {
        Skipped* skipped = nullptr;
        if (next_skip < request.skips.size() && request.skips[next_skip].appid == appid)
            skipped = &skipped_[request.skips[next_skip++].reason];
        if (next_suppressed < suppressed.size() && suppressed[next_suppressed] == appid) {
            skipped = &suppressed_;
            ++next_suppressed;
        }
        if (row == nullptr) {
            (skipped != nullptr ? skipped->absent : absent_).push_back(appid);
            return;
        }
        const bool is_due = row->state == FlagState::released &&
                            has_tries_left(*row, request.campaign, request.attempts_max) &&
                            (!row->due_at || *row->due_at <= now);
        if (!is_due) return;
        (skipped != nullptr ? skipped->released : due_).push_back(appid);
        if (skipped == nullptr && row->campaign != request.campaign) taken_over_.push_back(appid);
    });
}

bool ClaimChoice::count_first(StoreSession& session, const ClaimRequest& request, WallTime now) {
    if (request.first_count == 0) return true;
    const auto [counted, since] = session.lock_first_count(request.campaign);
    const auto left = request.first_count - std::min<std::uint64_t>(counted, request.first_count);
    if (left == 0 && request.first_wait.count() > 0 && now >= since + request.first_wait)
        return true;
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
    suppressed_.write(session, request, Reason::suppressed);
    for (const auto& [reason, skipped] : skipped_)
        skipped.write(session, request, reason);
}

std::size_t ClaimChoice::skipped() const {
    std::size_t sum = 0;
    for (const auto& [reason, skipped] : skipped_)
        sum += skipped.size();
    return sum;
}

void ClaimChoice::Skipped::write(StoreSession& session, const ClaimRequest& request,
                                 Reason reason) const {
    if (!absent.empty()) session.insert_skipped(request.scope, request.campaign, reason, absent);
    if (!released.empty()) session.skip_released(request.scope, request.campaign, reason, released);
}

}  // namespace dispatcher
