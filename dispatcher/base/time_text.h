#pragma once

#include <string>

#include "base/clock.h"

namespace dispatcher {

/// The time as reports and people read it: 2027-03-01T09:00:03.123Z.
std::string to_iso_text(WallTime time);

}  // namespace dispatcher
