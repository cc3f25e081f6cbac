#pragma once

#include <string>
#include <vector>

#include "campaign/appid_list.h"
#include "store/store_session.h"

namespace dispatcher {

/// What the holder of a claim knows now about some of its rows. Applied in this order, in one
/// transaction: groups first, so that a range confirm only meets rows that were accepted.
struct Settlement {
    CampaignId campaign;
    ScopeId scope;
    ChunkNo chunk;
    ClaimId claim;
    struct Group {
        Settled settled;
        AppidList appids;  ///< sorted
    };
    std::vector<Group> groups;
    /// Inclusive runs of the claim's rows, all answered, the accepted ones still claimed.
    struct Range {
        std::string lo;
        std::string hi;
    };
    std::vector<Range> confirmed;
    /// The accepted recipients of those runs, for the case that our lease was taken over meanwhile.
    AppidList accepted;
    /// Device tokens that the gateway called dead in these answers; sorted by mark.
    std::vector<DeadToken> dead;
    Fence fence;  ///< of the lease under which the claim was made

    [[nodiscard]] bool releases() const;
};

/// A range confirm passes over rows that a successor swept into doubt: this settles them by key.
/// The sweep commits together with the next fence, so a fence that is still ours, read after the
/// confirm and in its transaction, excludes it.
void settle_swept(StoreSession& session, const Settlement& settlement);

}  // namespace dispatcher
