#pragma once

#include <cstdint>
#include <deque>

#include "base/clock.h"

namespace dispatcher::cli {

/// How fast a count grew over the last seconds. One thread.
class SendRate {
  public:
    void observe(BootTime now, std::uint64_t count);
    /// Per second, over the window; 0 before the second observation.
    [[nodiscard]] double per_second() const;

  private:
    struct Sample {
        BootTime at;
        std::uint64_t count;
    };
    std::deque<Sample> samples_;  ///< of the last kWindow, and one before it
};

}  // namespace dispatcher::cli
