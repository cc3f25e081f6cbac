#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/gateway.h"
#include "gateway/gateway_type.h"
#include "gateway/http2/reach.h"
#include "gateway/http2/wake_event.h"
#include "gateway/webpush/push_service.h"
#include "gateway/webpush/subscription.h"

namespace dispatcher::webpush {

class PushServiceLink;

/// A Gateway before many push services: endpoints say which, and each has connections, time limits
/// and troubles of its own. Nothing waits in here: a notification whose service has no room is
/// told so before it is submitted, and one whose service is in trouble comes back at once as not
/// sent, so that neither holds up the others.
class WebPushGateway final : public Gateway {
  public:
    /// Push services with connections at once; the one used least recently makes room.
    static constexpr std::size_t kLinksMax = 64;

    /// `endpoint`: where to connect to instead of every push service, if given. Throws ConfigError
    /// for keys and certificates that cannot be used.
    WebPushGateway(const GatewayOptions& options, std::optional<http2::Endpoint> endpoint,
                   bool allows_private, Clock& clock, Random& random);
    ~WebPushGateway() override;

    [[nodiscard]] std::size_t capacity() const override;
    [[nodiscard]] bool has_room_for(const Notification& notification) override;
    void submit(Ticket ticket, const Notification& notification) override;
    void wait(BootTime deadline, std::vector<GatewayAnswer>& answers) override;
    void wake() override;
    [[nodiscard]] std::size_t in_flight() const override;
    [[nodiscard]] Health health() const override;
    [[nodiscard]] std::string fault() const override { return sealing_.fault; }

  private:
    using Links = std::list<PushServiceLink>;

    PushServiceLink* find(std::string_view authority, BootTime now);
    PushServiceLink* open(std::string_view authority, BootTime now);
    [[nodiscard]] http2::Endpoint endpoint_of(const std::string& authority) const;
    [[nodiscard]] bool is_down(BootTime now) const;
    void turn(BootTime now, std::vector<GatewayAnswer>& answers);
    void poll(BootTime until);

    const GatewayOptions options_;
    const std::optional<http2::Endpoint> endpoint_;
    const std::size_t in_flight_max_;
    Clock& clock_;
    http2::Reach reach_;
    Sealing sealing_;
    http2::WakeEvent wake_;
    int epoll_ = -1;
    Links links_;  ///< used most recently first
    std::unordered_map<std::string_view, Links::iterator> by_authority_;
    std::vector<GatewayAnswer> unsubmitted_;  ///< answers to what needed no connection
};

}  // namespace dispatcher::webpush
