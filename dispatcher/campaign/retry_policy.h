#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace dispatcher {

/// When a refused notification is tried again. Pure.
struct RetryPolicy {
    std::uint16_t attempts = 6;  ///< requests a gateway answered or refused, in all
    std::chrono::milliseconds first{1000};
    std::chrono::milliseconds max{300'000};

    /// How long to wait after the `tries`-th try, or nothing when they are used up. The delay
    /// doubles from `first` to `max`, is spread by ±20 % with `random`, and is never shorter than
    /// what the gateway asked for.
    [[nodiscard]] std::optional<std::chrono::milliseconds> delay_after(
        std::uint16_t tries, std::optional<std::chrono::milliseconds> retry_after,
        std::uint64_t random) const;
};

}  // namespace dispatcher
