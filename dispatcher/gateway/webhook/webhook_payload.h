#pragma once

#include <string>

#include "campaign/campaign.h"
#include "gateway/gateway_type.h"

namespace dispatcher::webhook {

/// A limit of ours, for what the template makes of a body.
inline constexpr std::size_t kPayloadBytesMax = 65'536;

/// The part of the body that is the same for a locale, Mustache still in its strings: title, body,
/// image and link where the template has them, and data; then the message's `webhook` block merged
/// in (RFC 7396: the block wins, null removes). Campaign, appid, notification_id and token are
/// added for each recipient, so the block may not have them: ConfigError.
PayloadDocument make_payload(const Message& message, const std::string& locale);

}  // namespace dispatcher::webhook
