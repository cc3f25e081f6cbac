#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace dispatcher {

/// How many recipients a claim should ask for: as many as the sender begins in a fraction of a
/// second. Whoever is claimed further ahead than that is stranded by a crash, and still gets what
/// was opted out of meanwhile. One thread.
class ClaimPace {
  public:
    explicit ClaimPace(std::uint32_t rows_max)
        : rows_max_(rows_max), rows_(std::min(rows_max, kFirst)) {}

    /// Before each claim: `begun` recipients were taken in hand by the sender since the lane began;
    /// it is starved if no claim waits for it.
    void observe(BootTime now, std::uint64_t begun, bool is_starved) {
        if (is_starved) {
            // Its speed says nothing while it waits for us.
            rows_ = std::min(rows_max_, rows_ * 2);
        } else if (now - seen_at_ >= kWindow) {
            const std::chrono::duration<double> took = now - seen_at_;
            const auto ahead = static_cast<double>(begun - seen_) / took.count() * kAheadSeconds;
            rows_ = static_cast<std::uint32_t>(
                std::clamp<double>(ahead, std::min(rows_max_, kLeast), rows_max_));
        } else {
            return;
        }
        seen_at_ = now;
        seen_ = begun;
    }
    [[nodiscard]] std::uint32_t rows() const { return rows_; }

  private:
    static constexpr std::uint32_t kFirst = 100;
    static constexpr std::uint32_t kLeast = 5;
    static constexpr std::chrono::milliseconds kWindow{200};
    static constexpr double kAheadSeconds = 0.3;

    const std::uint32_t rows_max_;
    std::uint32_t rows_;
    BootTime seen_at_{};
    std::uint64_t seen_ = 0;
};

}  // namespace dispatcher
