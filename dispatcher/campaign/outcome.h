#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "campaign/reason.h"

namespace dispatcher {

/// What became of one submitted notification: closed, so that "the device is gone", "try later"
/// and "nobody knows" cannot be confused. Gateways classify; the engine decides.
struct Outcome {
    enum class Kind : std::uint8_t {
        accepted,        ///< D: the gateway took it
        rejected,        ///< X: this device will never get it
        refused,         ///< Q: explicitly not processed, asked to come back later
        not_sent,        ///< P: proved not processed
        unknown,         ///< A: may have been processed
        campaign_fault,  ///< C: not processed, and no other recipient would fare better
    };
    Kind kind = Kind::unknown;
    Reason reason = Reason::none;
    /// A rejection that may be the fault of the configuration rather than of the device
    /// (BadDeviceToken, a row-shaped 400): counted by the breaker before it is believed.
    bool suspicious = false;
    /// rejected, because the device token is dead: since when, where the gateway named a time.
    std::optional<WallTime> dead_since;
    /// refused: not before this long, where the gateway said so; not_sent: its own service is in
    /// trouble, and until then it would fare no better.
    std::optional<std::chrono::milliseconds> retry_after;
    /// not_sent: the gateway itself is out of reach, so other rows would fare no better.
    bool gateway_down = false;

    static Outcome accepted() { return of(Kind::accepted, Reason::none); }
    static Outcome rejected(Reason reason, bool suspicious = false) {
        auto outcome = of(Kind::rejected, reason);
        outcome.suspicious = suspicious;
        return outcome;
    }
    /// The device token is dead, since then where the gateway named a time.
    static Outcome dead_token(Reason reason, std::optional<WallTime> since = {}) {
        auto outcome = of(Kind::rejected, reason);
        outcome.dead_since = since;
        return outcome;
    }
    static Outcome refused(Reason reason, std::optional<std::chrono::milliseconds> after = {}) {
        auto outcome = of(Kind::refused, reason);
        outcome.retry_after = after;
        return outcome;
    }
    static Outcome not_sent(Reason proof, bool gateway_down = false) {
        auto outcome = of(Kind::not_sent, proof);
        outcome.gateway_down = gateway_down;
        return outcome;
    }
    static Outcome unknown(Reason reason) { return of(Kind::unknown, reason); }
    static Outcome campaign_fault() { return of(Kind::campaign_fault, Reason::campaign_fault); }

  private:
    static Outcome of(Kind kind, Reason reason) {
        Outcome outcome;
        outcome.kind = kind;
        outcome.reason = reason;
        return outcome;
    }
};

}  // namespace dispatcher
