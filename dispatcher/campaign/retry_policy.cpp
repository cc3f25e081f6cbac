#include "campaign/retry_policy.h"

#include <algorithm>

namespace dispatcher {

std::optional<std::chrono::milliseconds> RetryPolicy::delay_after(
    std::uint16_t tries, std::optional<std::chrono::milliseconds> retry_after,
    std::uint64_t random) const {
    using std::chrono::milliseconds;
    if (tries >= attempts) return std::nullopt;
    constexpr int kDoublingsMax = 30;
    const auto doublings = std::min(std::max<int>(tries, 1) - 1, kDoublingsMax);
    const auto doubled = std::min(max.count(), first.count() << doublings);
    const auto spread = static_cast<std::int64_t>(800 + random % 401);  // thousandths
    const milliseconds delay{doubled * spread / 1000};
    return std::max(delay, retry_after.value_or(milliseconds{0}));
}

}  // namespace dispatcher
