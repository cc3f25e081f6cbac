#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace dispatcher {

/// How fast a campaign went out that was killed and restarted in between: counts, for each process,
/// from the first notification that the gateway accepted to the last one. What a kill costs (the
/// start of the next process, its recovery) is left out.
class SendTimes {
  public:
    /// `starts`: when each process was started, ascending.
    explicit SendTimes(std::vector<WallTime> starts) : starts_(std::move(starts)) {}

    /// A notification was accepted. In the order of time.
    void add(WallTime at);

    [[nodiscard]] std::uint64_t accepted() const { return accepted_; }
    /// The time counted.
    [[nodiscard]] std::chrono::milliseconds sending();
    /// Accepted a second; nothing where there are too few, or too short a time, to tell.
    [[nodiscard]] std::optional<double> per_second();

  private:
    void end_process();

    const std::vector<WallTime> starts_;
    std::size_t next_ = 0;  ///< of starts_: the first process whose time has not come
    std::uint64_t accepted_ = 0;
    std::uint64_t of_process_ = 0;
    std::uint64_t counted_ = 0;
    WallTime first_{};
    WallTime last_{};
    std::chrono::milliseconds sending_{0};
};

}  // namespace dispatcher
