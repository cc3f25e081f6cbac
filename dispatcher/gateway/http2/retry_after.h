#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace dispatcher::http2 {

/// The delay that a Retry-After header asks for: seconds, or an HTTP date (RFC 9110 §10.2.3);
/// at most a day. Nothing if the header is absent or is neither.
std::optional<std::chrono::milliseconds> read_retry_after(std::string_view header, WallTime now);

}  // namespace dispatcher::http2
