#pragma once

#include <optional>
#include <string>

#include "campaign/campaign_state.h"
#include "engine/report_counts.h"

namespace dispatcher::cli {

/// What the choice of the next command depends on.
struct Situation {
    CampaignState state = CampaignState::sealed;
    std::string campaign;
    std::optional<ReportCounts> counts;
    bool is_worked_on = false;  ///< a process holds a lease in it now
    /// The program stopped it by its own judgement: its cause must go before it is resumed.
    bool is_own_judgement = false;
    bool is_halted = false;  ///< the whole store is
};

/// The command, and in a few words why, that an operator most likely wants now. Pure.
std::string next_command(const Situation& situation);

/// The same for whoever would send in a halted store.
std::string next_under_halt();

}  // namespace dispatcher::cli
