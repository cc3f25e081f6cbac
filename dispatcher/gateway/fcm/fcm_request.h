#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "campaign/notification.h"
#include "gateway/http2/endpoint.h"
#include "gateway/http2/stream.h"

namespace dispatcher::fcm {

/// Writes `POST /v1/projects/<project>/messages:send` (Firebase, FCM HTTP v1 API) from a payload
/// with gaps.
class FcmRequest {
  public:
    /// `only_checks`: every request asks FCM to check and not to deliver (`validate_only`).
    FcmRequest(const http2::Endpoint& endpoint, const std::string& project, bool only_checks);

    /// `authorization` must stay in place until the request is framed; `now` tells how long the
    /// message may still be kept.
    void write(const Notification& notification, std::string_view authorization, WallTime now,
               http2::Request& request, http2::Fields& fields) const;

  private:
    const std::string scheme_;
    const std::string authority_;
    const std::string path_;
    const bool only_checks_;
};

}  // namespace dispatcher::fcm
