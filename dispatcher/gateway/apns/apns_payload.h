#pragma once

#include <string>

#include "campaign/campaign.h"
#include "gateway/gateway_type.h"

namespace dispatcher::apns {

/// The payload of one locale, Mustache still in its strings: title and body under aps.alert; link,
/// image and data beside aps; then the message's `apns` block merged in (RFC 7396: the block wins,
/// null removes). A `push_type` and a `priority` in the block are taken out: they are headers, and
/// override what the payload and the message suggest. Throws ConfigError if the block does not fit,
/// or the payload not its push type: APNs would drop or delay that without a word.
PayloadDocument make_payload(const Message& message, const std::string& locale);

}  // namespace dispatcher::apns
