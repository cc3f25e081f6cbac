#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "campaign/campaign.h"
#include "gateway/gateway_type.h"

namespace dispatcher::fcm {

/// Firebase, "ErrorCode": larger messages are refused.
inline constexpr std::size_t kPayloadBytesMax = 4096;

/// Where in a payload something of the notification itself is put in, and what. A gap is a member
/// with an empty name at the beginning of an object, its value a place and a sum of pieces in two
/// digits: no text of a template or a row can look like one, for a quote inside a string is always
/// escaped, and empty names are refused.
namespace gap {
inline constexpr std::string_view kStart = "{\"\":";
enum Place : std::uint8_t { message = 1, android, notification, apns_headers, webpush_headers };
enum MessagePiece : std::uint8_t { token = 1 };
enum AndroidPiece : std::uint8_t { ttl = 1, priority = 2 };
enum NotificationPiece : std::uint8_t { tag = 1 };
enum ApnsPiece : std::uint8_t { collapse_id = 1, expiration = 2, apns_priority = 4 };
enum WebpushPiece : std::uint8_t { webpush_ttl = 1, urgency = 2, topic = 4 };
}  // namespace gap

/// What data.notification_id holds until the request is made: of the same length.
inline constexpr std::string_view kNoNotificationId =
    "\"notification_id\":\"00000000-0000-0000-0000-000000000000\"";

/// The message of one locale, Mustache still in its strings, with gaps: title, body and image as
/// `notification`; link and data as `data`; the message's `fcm` block merged in (RFC 7396: the
/// block wins, null removes); what the block says itself is no gap. Throws ConfigError if the
/// block or the data do not fit.
PayloadDocument make_payload(const Message& message, const std::string& locale);

}  // namespace dispatcher::fcm
