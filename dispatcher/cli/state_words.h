#pragma once

#include <string_view>

#include "campaign/campaign_state.h"
#include "campaign/flag.h"
#include "engine/reported_outcome.h"

namespace dispatcher::cli {

// What stands in people's text where JSON, CSV and the store have a name with underscores.

/// "running", "done, with doubt", …
std::string_view words_of(CampaignState state);
/// "delivered", "in doubt", …
std::string_view words_of(ReportOutcome outcome);
std::string_view words_of(FlagState state);

}  // namespace dispatcher::cli
