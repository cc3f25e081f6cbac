#pragma once

#include <cstdint>
#include <string_view>

namespace dispatcher::webhook {

/// What a webhook says: closed, and every status outside the table is `unknown`.
enum class ReplyClass : std::uint8_t {
    accepted,
    gone,
    misdirected,
    too_many_requests,
    in_progress,  ///< a request with this key is being worked on
    fault,        ///< no other recipient would fare better
    server_error,
    unknown,
};

struct ReplyMeaning {
    ReplyClass kind = ReplyClass::unknown;
    std::string_view detail;  ///< static: the status in words
    std::string_view advice;  ///< static, for `fault`: what to check
};

/// Reads a final status. The body of an answer is never looked at.
const ReplyMeaning& read_status(unsigned status);

}  // namespace dispatcher::webhook
