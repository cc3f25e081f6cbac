#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/secret.h"
#include "campaign/notification.h"
#include "gateway/http2/endpoint.h"
#include "gateway/http2/service.h"

namespace dispatcher::webhook {

/// Where a webhook takes notifications.
struct Url {
    http2::Endpoint endpoint;
    std::string path = "/";  ///< with the query

    /// Of a text that is an HttpUrl. `where` opens errors.
    static Url parse(const std::string& text, const std::string& where);
};

/// `<campaign>:<appid>`, the same on every attempt. A campaign's name has no colon; of the appid, %
/// and what is not visible ASCII is percent-encoded, so that no appid can break a header.
std::string idempotency_key(std::string_view campaign, std::string_view appid);

/// Writes the request. The body depends on nothing but the notification's payload, campaign, appid
/// and token, so that each attempt has the same.
class WebhookRequest {
  public:
    WebhookRequest(Url url, Secret secret);

    void write(const Notification& notification, WallTime now, http2::Request& request,
               http2::Fields& fields) const;
    [[nodiscard]] const http2::Endpoint& endpoint() const { return url_.endpoint; }

  private:
    const Url url_;
    const std::string scheme_;
    const Secret secret_;
};

}  // namespace dispatcher::webhook
