#include "engine/reconciler.h"

#include <algorithm>
#include <map>

#include "audience/chunk_block.h"
#include "base/invariant.h"
#include "store/key_merge.h"

namespace dispatcher {
namespace {

constexpr std::size_t kChunksPage = 500;

bool is_expired(const CampaignHead& campaign) {
    return campaign.deadline && *campaign.deadline <= campaign.now;
}

}  // namespace

CampaignHead Reconciler::run(CampaignId campaign) {
    using enum CampaignState;
    auto head = flags_.session().read_campaign(campaign);
    invariant(head.has_value(), "a campaign that runs has a row");
    if (head->state == running) *head = flags_.move(campaign, running, head->epoch, reconciling);
    if (head->state != reconciling) return *head;
    const auto pass = look(*head);
    const auto next = !pass.is_settled ? running : pass.in_doubt > 0 ? done_with_doubt : done;
    return flags_.finish_campaign(campaign, head->epoch, next);
}

Reconciler::Pass Reconciler::look(const CampaignHead& campaign) {
    Pass pass;
    ChunkNo first{0};
    for (;;) {
        const auto chunks = flags_.session().list_chunks(campaign.id, first, kChunksPage);
        for (const auto& chunk : chunks) {
            if (chunk.state != ChunkState::closed) {
                pass.is_settled = false;
                continue;
            }
            const auto payload = flags_.session().read_payload(campaign.id, chunk.no, false);
            invariant(payload.has_value(), "a chunk has its keys");
            const auto keys = read_chunk_keys(payload->keys);
            if (policy_ != InDoubtPolicy::hold) apply_policy(campaign, chunk, keys);
            const auto standing =
                flags_.verify_closed(chunk, campaign.scope, keys, is_expired(campaign));
            pass.is_settled = pass.is_settled && standing.is_settled;
            pass.in_doubt += standing.in_doubt;
        }
        if (chunks.size() < kChunksPage) return pass;
        first.value = chunks.back().no.value + 1;
    }
}

/// T7, T8: settles this campaign's rows in doubt as its file asks. A re-send is allowed only where
/// the request cannot still be on its way: its process is dead, or it is ours and disconnected.
void Reconciler::apply_policy(const CampaignHead& campaign, const ChunkHead& chunk,
                              const AppidList& keys) {
    FlagRows rows;
    flags_.session().read_flags({campaign.scope, chunk.key_lo, chunk.key_hi}, rows);
    std::map<ClaimId, AppidList> by_claim;
    merge_keys(keys, rows, [&](std::string_view appid, const FlagRows::Row* row) {
        if (row != nullptr && row->campaign == campaign.id && row->state == FlagState::in_doubt)
            by_claim[row->claim].push(appid);
    });
    for (const auto& [claim, appids] : by_claim) {
        const auto owner = incarnation_of(claim);
        const bool is_over = std::find(me_.begin(), me_.end(), owner) != me_.end() ||
                             flags_.session().is_incarnation_closed(owner);
        if (policy_ == InDoubtPolicy::assume_delivered)
            flags_.resolve(campaign, chunk.no, claim, appids, FlagState::delivered,
                           Reason::assumed);
        else if (is_over)
            flags_.resolve(campaign, chunk.no, claim, appids, FlagState::released, Reason::resend);
    }
}

}  // namespace dispatcher
