#pragma once

#include <memory>

#include "gateway/gateway_type.h"

namespace dispatcher::webhook {

std::unique_ptr<GatewayType> make_type();

}  // namespace dispatcher::webhook
