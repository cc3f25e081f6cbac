#pragma once

#include <array>
#include <cstdint>

#include "campaign/outcome.h"

namespace dispatcher {

/// Decides whether suspicious rejections (BadDeviceToken, row-shaped 400s) are the devices' fault
/// or the configuration's. While it is on probation, for the first 1,000 answers of a run, such
/// rejections are withheld by the sender; later they are believed at once, and more than 5 % of the
/// last 1,000 answers trips it.
///
/// Beside that it sees a gateway whose answers prove nothing (a 500 to every request): most of its
/// last 1,000 answers leave their device in doubt, and so would the next. Pure; one thread.
class Breaker {
  public:
    static constexpr std::uint32_t kWindow = 1000;
    static constexpr std::uint32_t kSuspiciousMin = 10;  ///< fewer are never a pattern by share
    static constexpr std::uint32_t kPercentMax = 5;
    static constexpr std::uint32_t kUnclearMin = 100;

    void observe(const Outcome& outcome);

    [[nodiscard]] bool is_on_probation() const { return answers_ < kWindow; }
    /// Too many suspicious rejections for what was answered so far. `at_rest`: nothing more will be
    /// answered soon, so a short run is judged by what there is.
    [[nodiscard]] bool has_tripped(bool at_rest) const;
    [[nodiscard]] std::uint32_t suspicious() const { return suspicious_; }
    /// Most of what the gateway answered lately does not say whether the device was reached.
    [[nodiscard]] bool is_unclear() const;
    [[nodiscard]] std::uint32_t unclear() const { return unclear_; }
    /// Of how many answers unclear() are.
    [[nodiscard]] std::uint64_t heard() const;
    [[nodiscard]] std::uint64_t answers() const { return answers_; }

  private:
    void hear(bool is_unclear);

    std::array<bool, kWindow> window_{};
    std::uint64_t answers_ = 0;
    std::uint64_t accepted_ = 0;
    std::uint32_t suspicious_ = 0;  ///< among the window
    std::array<bool, kWindow> heard_window_{};
    std::uint64_t heard_ = 0;
    std::uint32_t unclear_ = 0;  ///< among its window
};

}  // namespace dispatcher
