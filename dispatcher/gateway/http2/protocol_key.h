#pragma once

#include "gateway/gateway_type.h"
#include "gateway/http2/endpoint.h"

namespace dispatcher::http2 {

/// The key `protocol` of the server file, for types whose servers may speak HTTP/1.1.
GatewayType::Key protocol_key();

/// What a gateway's `protocol` says; `otherwise` where it says `auto` or nothing.
Protocols protocols_of(const GatewayOptions& options, Protocols otherwise);

}  // namespace dispatcher::http2
