#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/invocation.h"
#include "cli/site.h"

namespace dispatcher::cli {

/// An operator's order to move a campaign to another state.
struct StateChange {
    std::string_view action;  ///< pause, resume, cancel: in the audit
    std::vector<CampaignState> from;
    CampaignState to = CampaignState::paused;
};

/// Whether this call moved the campaign, and how it stands now.
struct StateChanged {
    CampaignRecord record;
    bool is_ours = false;
};

/// Moves the campaign. If somebody else was faster: says who, and answers all the same where the
/// wanted state holds; else throws RefusedError. Also throws ConfigError for an unknown campaign.
StateChanged change_state(Site& site, Invocation& invocation, const std::string& campaign,
                          const StateChange& change, const std::string& because);

/// Whether a process holds a lease in the campaign that has not run out.
bool is_worked_on(CampaignStore& store, CampaignId campaign);

}  // namespace dispatcher::cli
