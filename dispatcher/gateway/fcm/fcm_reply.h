#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/http2/stream.h"

namespace dispatcher::fcm {

/// What FCM says, before it is decided what follows: closed, and everything that is not in the
/// table is `unknown`.
enum class ReplyClass : std::uint8_t {
    accepted,
    unregistered,
    sender_mismatch,    ///< the token belongs to another project
    bad_token,          ///< named as the invalid field
    bad_token_by_text,  ///< only FCM's sentence says that the token is meant
    payload_too_large,
    too_many_requests,
    unauthorized,  ///< the access token is not, or no longer, good
    misdirected,
    fault,  ///< no other recipient would fare better
    server_error,
    unknown,
};

struct ReplyMeaning {
    ReplyClass kind = ReplyClass::unknown;
    std::string_view detail;  ///< static: status and code
    std::string_view advice;  ///< static, for `fault`: what to check
    std::string words;        ///< FCM's own, for `fault`: the message, and the fields it names
};

/// Reads status and error document: the code of its FcmError, else its status; the fields of its
/// BadRequest. Part C of the classification is the source; Firebase, "ErrorCode", the other.
ReplyMeaning read_reply(const http2::Reply& reply);

}  // namespace dispatcher::fcm
