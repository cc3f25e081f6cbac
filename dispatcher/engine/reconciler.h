#pragma once

#include <cstdint>

#include "campaign/campaign.h"
#include "campaign/ids.h"
#include "store/flag_store.h"

namespace dispatcher {

/// The last pass over a campaign whose chunks are all closed: compares the keys of every chunk with
/// the flags, applies the in-doubt policy, and finishes the campaign, or re-opens what a late
/// release brought back to life. Repeatable; two at once do no harm.
class Reconciler {
  public:
    /// `me`: incarnations of this process, whose connections are closed by now.
    Reconciler(FlagStore& flags, InDoubtPolicy policy, std::vector<IncarnationId> me)
        : flags_(flags), policy_(policy), me_(std::move(me)) {}

    /// Answers the campaign as it stands afterwards: done, done_with_doubt, or running again with
    /// chunks to do. Does nothing where another state forbids it. Throws StoreError: call again.
    CampaignHead run(CampaignId campaign);

  private:
    struct Pass {
        bool is_settled = true;
        std::uint64_t in_doubt = 0;
    };
    Pass look(const CampaignHead& campaign);
    void apply_policy(const CampaignHead& campaign, const ChunkHead& chunk, const AppidList& keys);

    FlagStore& flags_;
    const InDoubtPolicy policy_;
    const std::vector<IncarnationId> me_;
};

}  // namespace dispatcher
