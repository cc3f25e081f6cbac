#pragma once

#include <string>

#include "cli/site.h"

namespace dispatcher::cli {

/// Opens the gateway and connects to it without sending anything: keys are read, its name is looked
/// up, TLS is shaken hands on. Answers what is wrong, for people; "" if it can be reached. Takes a
/// few seconds at most. Throws ConfigError where keys or certificates cannot be read.
std::string unreachable_because(Site& site, const GatewayChoice& choice);

}  // namespace dispatcher::cli
