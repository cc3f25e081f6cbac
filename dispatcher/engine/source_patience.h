#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "engine/engine_options.h"
#include "engine/observer.h"

namespace dispatcher {

/// Waiting for the source of addresses: as long as for the store, for without it nothing can be
/// claimed either. One thread.
class SourcePatience {
  public:
    SourcePatience(const EngineOptions& options, Observer& observer)
        : options_(options), observer_(observer) {}

    /// A look-up failed. False: they have failed for `store_patience` now, give up.
    [[nodiscard]] bool bears(const std::string& why, BootTime now);
    /// A look-up was answered.
    void succeeded();
    [[nodiscard]] BootTime retry_at() const { return retry_at_; }

  private:
    const EngineOptions& options_;
    Observer& observer_;
    std::optional<BootTime> failing_since_;
    BootTime retry_at_{};
};

}  // namespace dispatcher
