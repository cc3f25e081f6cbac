#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mockgateway/fcm/error_document.h"

namespace dispatcher::mock {

/// One message as FCM reads it.
struct FcmMessage {
    bool validate_only = false;
    std::string token;
    std::string notification_id;  ///< of its data
    std::string collapse_id;      ///< what Android or else APNs would collapse it by
    bool is_shown = false;        ///< it has a notification
};

/// Reads the body of `messages:send` into `message`, as strictly as FCM: names, types, ranges,
/// the token's form, the size. The error if it is not to be accepted.
std::optional<ErrorDocument> read_message(std::string_view body, std::size_t body_bytes,
                                          FcmMessage& message);

}  // namespace dispatcher::mock
