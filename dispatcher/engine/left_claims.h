#pragma once

#include <cstdint>
#include <span>

#include "store/flag_store.h"

namespace dispatcher {

/// What became of the claims of processes that are gone.
struct SweptClaims {
    std::uint64_t in_doubt = 0;  ///< claims that are in doubt now
    std::size_t leases = 0;      ///< leases that still hold: their processes may yet settle
};

/// Looks through a campaign that nobody sends now (cancelled or paused) for leases that have
/// ended, and sweeps what was claimed under them into doubt; whoever leases such a chunk of a
/// running campaign does the same. `me` is the incarnation in whose name chunks are taken over,
/// `dead` are proven dead. Throws StoreError: call again.
SweptClaims sweep_left_claims(FlagStore& flags, const CampaignHead& campaign, IncarnationId me,
                              std::span<const IncarnationId> dead);

}  // namespace dispatcher
