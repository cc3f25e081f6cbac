#pragma once

#include <string>

#include "base/clock.h"
#include "campaign/reason.h"

namespace dispatcher {

/// A device whose token its gateway called dead, as whoever keeps the tokens is told.
struct DeadDevice {
    std::string appid;
    std::string token;  ///< "" where the audience has none
    Reason reason = Reason::unregistered;
    WallTime at{};  ///< since when: by the gateway, or, where it named no time, of its answer
};

}  // namespace dispatcher
