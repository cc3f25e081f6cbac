#pragma once

#include <memory>

#include "gateway/gateway_type.h"

namespace dispatcher::loopback {

/// The `loopback` type of the server file: a gateway that sends nothing anywhere. Keys: `accept`
/// (all, none), `otherwise` (reject, refuse, doubt: what happens to the others), `ledger` (a file
/// that gets a line for each accepted notification, before it is answered). The example to copy for
/// a new gateway.
std::unique_ptr<GatewayType> make_type();

}  // namespace dispatcher::loopback
