#pragma once

#include <string>

#include "cli/site.h"

namespace dispatcher::cli {

/// How far a gateway was tried, and what came of it.
struct GatewayTrial {
    std::string trouble;   ///< what is wrong, for people; "" if nothing showed
    bool is_away = false;  ///< the trouble is that it cannot be reached: later it may work
    std::string tried;     ///< without trouble: what was done, and what that shows nothing about
};

/// Opens the gateway and goes as far as its type can without anything being delivered: keys are
/// read, its name is looked up, TLS is shaken hands on; and where the gateway judges credentials
/// before it looks for the device, a request for no device is sent. Takes some seconds at most.
/// Throws ConfigError where keys or certificates cannot be used.
GatewayTrial try_out(Site& site, const GatewayChoice& choice);

}  // namespace dispatcher::cli
