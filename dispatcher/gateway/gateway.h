#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "campaign/notification.h"
#include "campaign/outcome.h"

namespace dispatcher {

/// The engine's name for one submitted notification; the gateway only carries it.
using Ticket = std::uint64_t;

/// What became of a submitted notification.
struct GatewayAnswer {
    Ticket ticket = 0;
    Outcome outcome;
    /// For logs and reports: status and the gateway's own word ("410 Unregistered"). Static text or
    /// interned by the gateway; valid as long as the gateway lives.
    std::string_view detail;
};

/// Port: one way out to devices. Three calls, kept by one thread: ask capacity(), submit() at most
/// that many, wait() for answers. Nothing throws after construction. Every submitted ticket is
/// answered exactly once, and after `unknown` at most once more: a late answer that the
/// gateway kept reading for. A gateway never sends a notification a second time by itself.
class Gateway {
  public:
    virtual ~Gateway() = default;

    /// How many submits would be framed at once: open connections and free streams. 0 while
    /// connecting.
    [[nodiscard]] virtual std::size_t capacity() const = 0;

    /// Whether this notification would be framed at once, where that depends on the device: several
    /// services may stand behind one gateway, and one that is slow or only just connecting must not
    /// hold up the others. Asked within capacity() and before anything counts as on its way; true
    /// also where submit() would answer at once without sending. May begin to connect.
    [[nodiscard]] virtual bool has_room_for(const Notification&) { return true; }

    /// Hands over one notification; the views in it are copied or written before return.
    virtual void submit(Ticket ticket, const Notification& notification) = 0;

    /// Flushes what was submitted, does network work until something is answered, capacity was
    /// gained, wake() was called or `deadline` came, and appends the answers to `answers`.
    virtual void wait(BootTime deadline, std::vector<GatewayAnswer>& answers) = 0;

    /// Makes a wait() of now, or the next one, return at once. From any thread.
    virtual void wake() = 0;

    /// Submitted and not finally answered (late answers still awaited are not counted).
    [[nodiscard]] virtual std::size_t in_flight() const = 0;

    /// Since when no connection could be made, and why; empty text while the gateway is reachable
    /// or not yet tried.
    struct Health {
        std::string trouble;
        BootTime since{};
    };
    [[nodiscard]] virtual Health health() const = 0;

    /// For how long after it was first submitted a notification that was answered `unknown` may be
    /// submitted again: the receiver remembers its key, and answers as the first time instead of
    /// delivering it again. Nothing: never.
    [[nodiscard]] virtual std::optional<std::chrono::milliseconds> repeatable_for() const {
        return {};
    }

    /// In words, why the last campaign fault happened ("403 InvalidProviderToken: …, check
    /// key_id").
    [[nodiscard]] virtual std::string fault() const { return {}; }
};

}  // namespace dispatcher
