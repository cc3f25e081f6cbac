#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "gateway/http2/pooled_gateway.h"
#include "gateway/webpush/push_service.h"

namespace dispatcher::webpush {

/// The way to one push service: its connections, and how it has been faring. One thread.
class PushServiceLink {
  public:
    /// Without room for this long, after it was asked for, a service is in trouble: it cannot be
    /// reached, or does not answer.
    static constexpr std::chrono::seconds kRoomPatience{2};
    /// A link is kept connected, or connecting, for this long after it was asked for.
    static constexpr std::chrono::seconds kWantedFor{10};

    PushServiceLink(const GatewayOptions& options, std::string authority, http2::Endpoint endpoint,
                    http2::Reach reach, Sealing& sealing, BootTime now);

    [[nodiscard]] const std::string& authority() const { return authority_; }
    [[nodiscard]] http2::PooledGateway& gateway() { return gateway_; }
    [[nodiscard]] const http2::PooledGateway& gateway() const { return gateway_; }

    /// Whether a request would be framed at once; connects where that is missing.
    [[nodiscard]] bool has_room(BootTime now);
    /// Whether room came for which has_room() was asked in vain. Once.
    [[nodiscard]] bool has_gained_room();
    void submit(Ticket ticket, const Notification& notification, const Subscription& subscription);
    /// Lets its connections work, without waiting.
    void turn(BootTime now, std::vector<GatewayAnswer>& answers);
    /// When turn() has something to do, if descriptor() does not become readable before.
    [[nodiscard]] BootTime next_tick(BootTime now) const;
    /// poll() found its descriptor readable, or something was submitted.
    bool is_due = false;

    /// Since when it is in trouble.
    [[nodiscard]] std::optional<BootTime> in_trouble_since(BootTime now) const;
    [[nodiscard]] std::string trouble(BootTime now) const;
    /// What a notification for a service in trouble comes back with. `patience`: troubles longer
    /// than that cost the devices their tries.
    [[nodiscard]] GatewayAnswer refusal(Ticket ticket, BootTime now,
                                        std::chrono::milliseconds patience) const;

  private:
    const std::string authority_;
    PushService* service_;  ///< is gateway_'s
    http2::PooledGateway gateway_;
    std::optional<BootTime> lacks_room_since_;
    BootTime wanted_at_;
};

}  // namespace dispatcher::webpush
