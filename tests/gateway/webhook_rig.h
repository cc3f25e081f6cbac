#pragma once

#include <functional>
#include <string>

#include "gateway/gateway_type.h"
#include "gateway_rig.h"
#include "scripted_http1_server.h"

namespace dispatcher::test {

/// A webhook gateway before a server of the test's, and what it answered to each ticket.
class WebhookRig : public GatewayRig {
  public:
    /// `change` sees the options before the gateway is opened.
    explicit WebhookRig(const std::string& endpoint,
                        const std::function<void(GatewayOptions&)>& change = {});

    /// Submits `count` notifications with new tickets as capacity comes, and waits until they and
    /// all before were answered; false if that does not come within a generous time.
    [[nodiscard]] bool exchange(std::size_t count);
    /// Submits as capacity comes, without waiting for answers.
    [[nodiscard]] bool send(std::size_t count);
    [[nodiscard]] Notification notification(const std::string& appid) const;

    GatewayOptions options;
};

/// Where a webhook of a test is: a path and a query.
inline constexpr const char* kHookPath = "/hook?from=pushonce";

}  // namespace dispatcher::test
