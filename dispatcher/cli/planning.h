#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "cli/prepared_campaign.h"
#include "cli/terminal.h"
#include "engine/plan.h"

namespace dispatcher::cli {

/// How much a plan looks at.
struct PlanScope {
    bool store = true;    ///< merge with the flags, and look for the same text under other names
    bool space = false;   ///< pack the audience to know its size
    bool refresh = true;  ///< try `audience.refresh` on a sample
};

/// Reads the campaign's audience with progress on the screen. `check` is called now and then; what
/// it throws ends the reading.
PreparedCampaign prepare_visibly(Site& site, CampaignFile file, std::ostream& err,
                                 const std::function<void()>& check);

/// Plans with progress on the screen.
Plan plan_visibly(Site& site, const PreparedCampaign& prepared, const PlanScope& scope,
                  std::ostream& err, const std::function<void()>& check);

}  // namespace dispatcher::cli
