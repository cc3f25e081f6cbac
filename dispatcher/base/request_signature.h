#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/secret.h"

namespace dispatcher {

/// The header that carries it.
inline constexpr const char* kSignatureHeader = "pushonce-signature";

/// What shows a service that a request is ours and new: `t=<epoch seconds>,v1=<hexadecimal>`, the
/// latter HMAC-SHA256, with the secret, of the seconds, a full stop and the body.
std::string request_signature(const Secret& secret, WallTime now, std::string_view body);

}  // namespace dispatcher
