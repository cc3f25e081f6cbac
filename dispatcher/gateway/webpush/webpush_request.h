#pragma once

#include <string_view>

#include "base/clock.h"
#include "campaign/notification.h"
#include "gateway/http2/service.h"
#include "gateway/webpush/subscription.h"

namespace dispatcher::webpush {

/// Writes the header fields of `POST <endpoint>` (RFC 8030 §5), whose body stands in
/// `request.body` already. `subscription` and `notification` are copied where that is needed;
/// `authorization` must stay in place until the request is framed.
void write_fields(const Subscription& subscription, const Notification& notification,
                  std::string_view authorization, WallTime now, http2::HeaderMemory& memory,
                  http2::Request& request, http2::Fields& fields);

}  // namespace dispatcher::webpush
