#pragma once

#include <string>

#include "campaign/campaign.h"
#include "campaign/notification.h"
#include "gateway/gateway_type.h"

namespace dispatcher::webpush {

/// The payload of one locale, Mustache still in its strings: places for `notification_id` and
/// `tag`, then title, body, image, link and data, then the message's `webpush` block merged in
/// (RFC 7396: the block wins, null removes). Throws ConfigError if the block does not fit.
PayloadDocument make_payload(const Message& message, const std::string& locale);

/// Writes the rendered payload with the notification's own id and tag into `out`. The tag is the
/// same for every copy of a notification, so that a page that gives it to showNotification() shows
/// one; campaigns with a collapse key of their own share a tag by that key. A payload whose block
/// set another tag keeps that.
void fill_payload(const Notification& notification, std::string& out);

/// RFC 8030 §5.4: at most 32 characters of base64url; a newer message of the same topic replaces
/// one that was not delivered yet. The collapse id that we derive ourselves is such a text, cut
/// off; any other is hashed. Empty: none.
std::string topic_of(std::string_view collapse_id);

}  // namespace dispatcher::webpush
