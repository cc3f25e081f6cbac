#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace dispatcher::http2 {

/// How many requests one gateway should have open at once, found out while sending: by Little's law
/// as many as its speed times its latency. More would only queue, and be in doubt after a crash.
///
/// It looks at windows of replies. While all that is allowed is in use, it tries twice as much, and
/// keeps that if more replies came back per second, else returns and waits a while. It does not try
/// while the latency is far above the least one, for then they queue already; and it halves when
/// the gateway is in trouble. One thread.
class ConcurrencyLimit {
  public:
    struct Range {
        std::size_t first = 1;  ///< where it begins, and never goes below; ≥ 1
        std::size_t most = 1;
    };
    explicit ConcurrencyLimit(Range range);

    [[nodiscard]] std::size_t now() const { return limit_; }

    /// What the connections can carry has come to light.
    void fit(Range range);

    /// A request that began `took` ago was answered. `is_trouble`: it was turned away for there
    /// being too many.
    void note_reply(std::chrono::nanoseconds took, bool is_trouble);
    /// A request was not answered in time.
    void note_silence() { ++troubles_; }
    /// Ends the window, if it was long enough, and judges it.
    void observe(BootTime now);

  private:
    void judge(BootTime now, double seconds);
    void hold(BootTime now, std::size_t limit);
    void begin_window(BootTime now);
    [[nodiscard]] std::chrono::nanoseconds mean() const;

    Range range_;
    std::size_t limit_;

    BootTime began_{};
    std::uint64_t replies_ = 0;
    std::uint64_t troubles_ = 0;
    std::chrono::nanoseconds took_{};
    bool is_stale_ = true;  ///< replies of this window were asked for under an earlier limit

    std::chrono::nanoseconds least_ = std::chrono::nanoseconds::max();
    BootTime held_until_{};
    std::size_t tried_from_ = 0;  ///< the limit before the one on trial; 0: none is
    double rate_before_ = 0;      ///< replies a second under it
};

}  // namespace dispatcher::http2
