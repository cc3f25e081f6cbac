#pragma once

#include <memory>

#include "gateway/gateway_type.h"

namespace dispatcher::apns {

/// The `apns` type of the server file: keys key_file, key_id, team_id, topic, environment.
std::unique_ptr<GatewayType> make_type();

}  // namespace dispatcher::apns
