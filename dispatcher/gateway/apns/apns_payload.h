#pragma once

#include <string>

#include "campaign/campaign.h"
#include "gateway/gateway_type.h"

namespace dispatcher::apns {

/// Apple, "Generating a remote notification": larger ones are refused with 413.
inline constexpr std::size_t kPayloadBytesMax = 4096;

/// The payload of one locale, Mustache still in its strings: title and body under aps.alert; link,
/// image and data beside aps; then the message's `apns` block merged in (RFC 7396: the block wins,
/// null removes). A `push_type` in the block is taken out and overrides what the payload suggests.
/// Throws ConfigError if the block does not fit.
PayloadDocument make_payload(const Message& message, const std::string& locale);

}  // namespace dispatcher::apns
