#pragma once

#include <string>

#include "base/clock.h"
#include "campaign/campaign.h"

namespace dispatcher::cli {

/// "sends from 09:00 to 21:00 Europe/Berlin; closed now, opens at 2027-03-01 09:00 there". "" where
/// a campaign sends at any hour.
std::string window_sentence(const Settings& settings, WallTime now);

}  // namespace dispatcher::cli
