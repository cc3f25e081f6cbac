#pragma once

#include <string>

#include "cli/site.h"

namespace dispatcher::cli {

/// Opens the gateway and connects to it without sending anything that is delivered: keys are read,
/// its name is looked up, TLS is shaken hands on; and where the gateway can check a request without
/// delivering it, it checks one, so that our credentials are tried too. Answers what is wrong, for
/// people; "" if all is well. Takes some seconds at most. Throws ConfigError where keys or
/// certificates cannot be read.
std::string unreachable_because(Site& site, const GatewayChoice& choice);

}  // namespace dispatcher::cli
