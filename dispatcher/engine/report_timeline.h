#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace dispatcher {

/// How many events fell into each stretch of time, when neither their number nor their span is
/// known beforehand: bins of one second, which double in width whenever there are too many of them.
/// Events may come in any order; memory is bounded. One thread.
class ReportTimeline {
  public:
    static constexpr std::size_t kBinsMax = 180;

    void add(WallTime at);

    struct Bin {
        WallTime begin{};
        std::uint64_t events = 0;
    };
    /// Every bin from the first event's to the last one's, empty ones included: at most kBinsMax.
    [[nodiscard]] std::vector<Bin> bins() const;
    [[nodiscard]] std::chrono::seconds width() const { return width_; }
    [[nodiscard]] std::uint64_t events() const { return events_; }
    [[nodiscard]] std::optional<WallTime> first() const { return first_; }
    [[nodiscard]] std::optional<WallTime> last() const { return last_; }

  private:
    [[nodiscard]] std::int64_t index_of(WallTime at) const;
    void widen();

    std::chrono::seconds width_{1};
    std::map<std::int64_t, std::uint64_t> counts_;  ///< by bin number since 1970
    std::uint64_t events_ = 0;
    std::optional<WallTime> first_;
    std::optional<WallTime> last_;
};

}  // namespace dispatcher
