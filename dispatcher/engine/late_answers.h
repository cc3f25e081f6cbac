#pragma once

#include <optional>
#include <unordered_map>

#include "engine/claim.h"
#include "gateway/gateway.h"

namespace dispatcher {

/// Rows that were settled as in doubt after a timeout, while their requests are still open: an
/// answer that comes after all turns doubt into certainty (T3, T4). One thread.
class LateAnswers {
  public:
    /// `question` names campaign, scope, chunk and claim, and the device token, should the answer
    /// call it dead; it has no groups yet. Beyond a bound the row is forgotten: it stays in doubt.
    void expect(Ticket ticket, Settlement question, DeadDevice device);

    /// The settlement that this answer, which comes `now`, makes, or nothing: not expected, or no
    /// wiser than before.
    std::optional<SettleJob> settle(const GatewayAnswer& answer, WallTime now);

  private:
    struct Late {
        Settlement settlement;
        DeadDevice device;  ///< which may be alive
    };
    std::unordered_map<Ticket, Late> late_;
};

}  // namespace dispatcher
