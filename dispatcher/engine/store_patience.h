#pragma once

#include <atomic>
#include <optional>

#include "base/clock.h"
#include "base/random.h"
#include "engine/engine_options.h"
#include "engine/observer.h"
#include "store/store_error.h"

namespace dispatcher {

/// One machine's waiting for its store: when it may try again, and when it has waited enough. A
/// store that answers and refuses without end (read-only, disk full, locked by somebody) is as lost
/// as one that does not answer; only a single refusal is everyday life. One thread, but for
/// is_lost().
class StorePatience {
  public:
    StorePatience(const EngineOptions& options, Random& random, Observer& observer)
        : options_(options), random_(random), observer_(observer) {}

    /// A call of the store failed. False: it has failed for `store_patience` now, give up.
    [[nodiscard]] bool bears(const StoreError& error, BootTime now);
    /// A call of the store returned.
    void succeeded();

    [[nodiscard]] BootTime retry_at() const { return retry_at_; }
    /// Whether the trouble is more than a refusal or two. Thread-safe.
    [[nodiscard]] bool is_lost() const { return is_lost_; }

  private:
    const EngineOptions& options_;
    Random& random_;
    Observer& observer_;
    std::optional<BootTime> failing_since_;
    BootTime retry_at_{};
    std::atomic<bool> is_lost_{false};
};

}  // namespace dispatcher
