#pragma once

#include <iosfwd>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "cli/prepared_campaign.h"
#include "engine/plan.h"

namespace dispatcher::cli {

/// The plan for people, several lines.
std::string plan_text(const PreparedCampaign& prepared, const Plan& plan);

/// The same as JSON.
nlohmann::ordered_json plan_view(const PreparedCampaign& prepared, const Plan& plan);

/// "apns (production), fcm": the campaign's gateways, with the environment where there is one.
std::string gateways_text(const PreparedCampaign& prepared);

}  // namespace dispatcher::cli
