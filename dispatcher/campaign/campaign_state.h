#pragma once

#include <cstdint>
#include <string_view>

namespace dispatcher {

/// Where a campaign stands. Moved only by compare-and-set on (state, epoch), in CampaignStore.
enum class CampaignState : std::uint8_t {
    draft = 0,    ///< being sealed; has no name yet
    sealed = 1,   ///< everything to send is in the store, nothing was sent
    running = 2,  ///< claims are allowed
    paused = 3,
    reconciling = 4,  ///< every chunk is closed; a last pass looks for what was lost
    done = 5,
    done_with_doubt = 6,  ///< finished, with devices in doubt
    cancelled = 7,
    frozen = 8,  ///< the database lost something it had acknowledged; an operator must look
    purged = 9,  ///< rows removed after retention; the name stays taken
};

/// Whether the table allows this move.
bool may_move(CampaignState from, CampaignState to);
/// done, done_with_doubt, cancelled or purged: nothing is left to claim.
bool is_finished(CampaignState state);
std::string_view to_string(CampaignState state);

}  // namespace dispatcher
