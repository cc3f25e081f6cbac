#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/http2/stream.h"

namespace dispatcher::webpush {

/// What a push service says, before it is decided what follows: closed, and every status that is
/// not in the table is `unknown`. A redirect is one of those: endpoints come from devices, and
/// following them would let a device choose where we connect to.
enum class ReplyClass : std::uint8_t {
    accepted,
    gone,
    payload_too_large,
    bad_request,   ///< shaped by the row, or by the configuration: the breaker decides
    unauthorized,  ///< the subscription was made with another VAPID key, or ours is wrong
    misdirected,
    too_many_requests,
    server_error,
    unknown,
};

struct ReplyMeaning {
    ReplyClass kind = ReplyClass::unknown;
    std::string_view detail;  ///< static: the status in words
};

/// Reads the status (RFC 8030 §5, §7, §8; RFC 8292 §4.2); bodies differ from service to service.
ReplyMeaning read_reply(const http2::Reply& reply);

}  // namespace dispatcher::webpush
