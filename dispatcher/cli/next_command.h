#pragma once

#include <optional>
#include <string>

#include "campaign/campaign_state.h"
#include "engine/report_counts.h"

namespace dispatcher::cli {

/// Whose pause it is.
enum class PauseCause {
    operators,
    first_look,  ///< delivery.first is reached: somebody is to look before the rest
    fault,       ///< the program's own judgement: its cause must go before it is resumed
    addresses,   ///< the same, of what `audience.refresh` finds
};

/// What the choice of the next command depends on.
struct Situation {
    CampaignState state = CampaignState::sealed;
    std::string campaign;
    std::optional<ReportCounts> counts;
    bool is_worked_on = false;  ///< a process holds a lease in it now
    PauseCause paused_by = PauseCause::operators;
    bool is_halted = false;  ///< the whole store is
};

/// The command, and in a few words why, that an operator most likely wants now. Pure.
std::string next_command(const Situation& situation);

/// The same for whoever would send in a halted store.
std::string next_under_halt();

}  // namespace dispatcher::cli
