#include "engine/rate_places.h"

#include <algorithm>
#include <utility>

namespace dispatcher {
namespace {

using std::chrono::milliseconds;

/// A rate-limited claim takes this much of a second's recipients, so that a pause is felt soon and
/// the rate is even.
constexpr double kSlice = 0.1;
/// A reservation further ahead than this is not made: whoever is claimed so early is out of reach
/// for an opt-out.
constexpr milliseconds kHorizon{800};
/// A place that was not used so long after it came due is lost.
constexpr milliseconds kKeptFor{500};
constexpr milliseconds kShortestWait{10};

}  // namespace

std::optional<BootTime> RatePlaces::take(StoreSession& session, double rate_per_second,
                                         std::size_t& rows, BootTime now) {
    const std::array limits = {std::pair{std::string(), rate_per_second},
                               std::pair{gateway_, gateway_rate_per_second_}};
    for (const auto& [name, limit] : limits)
        if (limit > 0)
            rows = std::min(rows, static_cast<std::size_t>(std::max(1.0, limit * kSlice)));
    for (std::size_t i = 0; i < limits.size(); ++i) {
        const auto& [name, limit] = limits[i];
        auto& held = held_[i];
        if (held && (limit <= 0 || now > held->not_before + kKeptFor)) held.reset();
        if (held) rows = std::min(rows, held->rows);
        if (held || limit <= 0) continue;
        if (now < ask_again_at_) return ask_again_at_;
        const auto reserved =
            session.reserve(campaign_, name, static_cast<std::uint32_t>(rows), limit, kHorizon);
        if (!reserved.granted) {
            ask_again_at_ = now + std::max(reserved.wait - kHorizon, kShortestWait);
            return ask_again_at_;
        }
        held = Held{rows, now + reserved.wait};
    }
    return std::nullopt;
}

BootTime RatePlaces::not_before(BootTime now) const {
    for (const auto& held : held_)
        if (held) now = std::max(now, held->not_before);
    return now;
}

void RatePlaces::forget() {
    held_ = {};
    ask_again_at_ = {};
}

}  // namespace dispatcher
