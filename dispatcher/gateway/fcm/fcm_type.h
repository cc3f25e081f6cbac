#pragma once

#include <memory>

#include "gateway/gateway_type.h"

namespace dispatcher::fcm {

/// The `fcm` type of the server file: key service_account. All gateways of the process
/// that send for the same account share its access token.
std::unique_ptr<GatewayType> make_type();

}  // namespace dispatcher::fcm
