#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"

namespace dispatcher {

/// One line of a ledger: what a gateway accepted.
struct AcceptedLine {
    std::string notification_id;
    std::string token;           ///< "" in the ledger of a gateway that has none
    std::optional<WallTime> at;  ///< absent in a ledger that does not tell it
};

/// Reads a ledger line by line; one that is not there has no lines. A line that is none is visited
/// without an id. Throws UnavailableError if it cannot be read.
void read_ledger(const std::string& file, const std::function<void(const AcceptedLine&)>& visit);

}  // namespace dispatcher
