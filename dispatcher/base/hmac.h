#pragma once

#include <string_view>

#include "base/sha256.h"

namespace dispatcher {

/// HMAC-SHA256 (RFC 2104). A key of any length.
Sha256Digest hmac_sha256(std::string_view key, std::string_view message);

}  // namespace dispatcher
