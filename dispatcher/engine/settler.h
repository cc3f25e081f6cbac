#pragma once

#include <optional>

#include "base/bounded_queue.h"
#include "engine/claimer.h"

namespace dispatcher {

/// The last machine of a lane: writes outcomes to the store and frees the journal behind them. Each
/// step does at most one transaction. A job is tried until the store answers for sure.
class Settler {
  public:
    Settler(const LaneContext& context, LaneControl& control, BoundedQueue<SettleJob>& jobs);

    /// Settles one job; answers when it wants to be called again at the latest.
    BootTime step();
    [[nodiscard]] bool is_done() const { return control_.settler_done; }

  private:
    void settle_job();
    BootTime store_failed(const StoreError& error, BootTime now);

    LaneContext context_;
    LaneControl& control_;
    BoundedQueue<SettleJob>& jobs_;
    FlagStore flags_;
    StorePatience patience_;
    std::optional<SettleJob> job_;
};

}  // namespace dispatcher
