#pragma once

#include <memory>

#include "gateway/gateway_type.h"

namespace dispatcher::webpush {

/// The `webpush` type of the server file: keys vapid_key_file, subject, private_endpoints.
std::unique_ptr<GatewayType> make_type();

}  // namespace dispatcher::webpush
