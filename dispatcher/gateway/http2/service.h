#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "campaign/notification.h"
#include "campaign/outcome.h"
#include "gateway/gateway.h"
#include "gateway/http2/stream.h"

namespace dispatcher::http2 {

/// What a service has already put into one connection's HPACK table, so that it can follow its
/// gateway's advice on what to index.
struct HeaderMemory {
    bool has_names = false;
    std::int64_t number = 0;
};

/// What a reply means.
struct Verdict {
    Outcome outcome;
    std::string_view detail;  ///< static, or valid as long as the service
    /// It proves that our credentials are good: the connection is warm.
    bool proves_credentials = false;
    /// Nothing more may be opened on this connection.
    bool ends_connection = false;
};

/// What stands between a service and its next request, besides a connection.
enum class Standing : std::uint8_t {
    ready,
    waiting,  ///< for credentials: nothing can be composed
    refused,  ///< our credentials were refused; fault() says why
};

/// Port: what a push service is besides HTTP/2: notification → request, reply → outcome. Called by
/// the gateway's one thread; nothing here blocks or throws.
class Service {
  public:
    virtual ~Service() = default;

    /// Fills `request` and `fields` (both empty), pseudo header fields first. `memo` comes back
    /// with the reply.
    virtual void compose(const Notification& notification, BootTime now, HeaderMemory& memory,
                         Request& request, Fields& fields, std::uint32_t& memo) = 0;

    /// Only called with a final status (≥ 200); the body may be cut off.
    virtual Verdict judge(const Reply& reply, std::uint32_t memo, BootTime now) = 0;

    /// Whether a connection may carry one stream only until a reply proves our credentials.
    [[nodiscard]] virtual bool needs_warm_up() const { return false; }

    /// Nothing is composed but while it is `ready`.
    [[nodiscard]] virtual Standing standing(BootTime) { return Standing::ready; }
    /// `changed` may be called by any thread whenever standing() may have changed, as long as the
    /// service lives.
    virtual void tell_changes(std::function<void()> /*changed*/) {}
    /// Why it waits, and since when; no trouble while it does not.
    [[nodiscard]] virtual Gateway::Health health() const { return {}; }

    /// As Gateway::repeatable_for().
    [[nodiscard]] virtual std::optional<std::chrono::milliseconds> repeatable_for() const {
        return {};
    }

    /// In words, why the last campaign fault happened.
    [[nodiscard]] virtual std::string fault() const { return {}; }
};

}  // namespace dispatcher::http2
