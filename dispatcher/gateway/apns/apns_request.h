#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "campaign/notification.h"
#include "gateway/http2/endpoint.h"
#include "gateway/http2/service.h"

namespace dispatcher::apns {

/// Writes `POST /3/device/<token>` (Apple, "Sending notification requests to APNs"). As Apple
/// advises, `:path` and `authorization` never enter the HPACK table, and of the ids only the names
/// do. `authorization` must stay in place until the request is framed; it is empty where a
/// certificate says who we are.
class ApnsRequest {
  public:
    ApnsRequest(const http2::Endpoint& endpoint, std::string topic);

    void write(const Notification& notification, std::string_view authorization,
               http2::HeaderMemory& memory, http2::Request& request, http2::Fields& fields) const;

  private:
    const std::string scheme_;
    const std::string authority_;
    const std::string topic_;
};

}  // namespace dispatcher::apns
