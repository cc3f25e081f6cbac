#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/look_alikes.h"

namespace dispatcher::cli {

/// What an operator must know of a campaign that repeats another one: "98 % of these devices got
/// this text from spring-sale-2027, 2 h 05 min ago. Meant …?"; "" where there is nothing to tell.
std::string look_alikes_sentence(const std::optional<LookAlikes>& found);

/// The finding in one line of the audit, with names and counts and without appids.
std::string look_alikes_detail(const LookAlikes& found);

/// The finding as JSON; null where there is nothing to tell.
nlohmann::ordered_json look_alikes_view(const std::optional<LookAlikes>& found);

}  // namespace dispatcher::cli
