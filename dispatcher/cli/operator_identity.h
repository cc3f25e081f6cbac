#pragma once

#include <string>

#include "store/campaign_store.h"

namespace dispatcher::cli {

/// Who gives the order: the user of this process on this host, from the command line.
Actor this_operator(std::string because);

}  // namespace dispatcher::cli
