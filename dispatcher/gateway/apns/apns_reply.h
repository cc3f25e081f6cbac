#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "gateway/http2/stream.h"

namespace dispatcher::apns {

/// What APNs says, before it is decided what follows: closed, and everything that is not in the
/// table is `unknown`.
enum class ReplyClass : std::uint8_t {
    accepted,
    unregistered,
    expired_token,
    bad_device_token,
    bad_request,  ///< a 400 whose reason is not known: shaped by the row
    payload_too_large,
    idle_timeout,
    misdirected,
    too_many_requests,
    token_updated_too_often,
    service_unavailable,
    shutdown,
    token_expired,
    fault,  ///< no other recipient would fare better
    server_error,
    unknown,
};

struct ReplyMeaning {
    ReplyClass kind = ReplyClass::unknown;
    std::string_view detail;  ///< static: status and reason
    std::string_view advice;  ///< static, for `fault`: what to check
    /// With 410: since when the device token is dead. One registered later is alive.
    std::optional<WallTime> dead_since{};
};

/// Reads status and reason. Part C of the classification is the source; Apple's table of reasons,
/// "Handling notification responses from APNs", the other.
ReplyMeaning read_reply(const http2::Reply& reply);

}  // namespace dispatcher::apns
