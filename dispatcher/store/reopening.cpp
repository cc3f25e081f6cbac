#include "store/reopening.h"

#include <algorithm>

namespace dispatcher {
namespace {

bool is_over(const CampaignHead& head) {
    return head.state == CampaignState::cancelled || (head.deadline && *head.deadline <= head.now);
}

}  // namespace

bool is_done(CampaignState state) {
    return state == CampaignState::done || state == CampaignState::done_with_doubt;
}

ReopenedScope reopen_scope(StoreSession& s, const CampaignHead& seen) {
    std::vector<CampaignId> ids;
    if (is_over(seen)) ids = s.list_scope(seen.scope);
    ids.push_back(seen.id);
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    ReopenedScope scope;
    for (const auto id : ids) {
        const auto head = s.lock_campaign(id);
        if (id == seen.id)
            scope.own = head;
        else if (head && (is_done(head->state) || head->state == CampaignState::reconciling))
            scope.others.push_back(*head);
    }
    for (auto& other : scope.others) {
        s.move_campaign(other.id, other.state, other.epoch, CampaignState::reconciling);
        other.state = CampaignState::reconciling;
        ++other.epoch;
    }
    return scope;
}

std::optional<CampaignHead> reopen_for_release(StoreSession& s, CampaignId campaign, ChunkNo no) {
    auto head = s.lock_campaign_shared(campaign);
    if (head && (is_done(head->state) || is_over(*head))) {
        // A shared lock cannot be upgraded without risking a deadlock: start over with the other.
        s.rollback();
        s.begin();
        head = reopen_scope(s, *head).own;
    }
    const auto chunk = s.lock_chunk(campaign, no);
    if (chunk && chunk->state == ChunkState::closed)
        s.open_chunk(campaign, no, std::chrono::milliseconds{0});
    if (head && is_done(head->state)) {
        s.move_campaign(campaign, head->state, head->epoch, CampaignState::reconciling);
        head->state = CampaignState::reconciling;
        ++head->epoch;
    }
    return head;
}

}  // namespace dispatcher
