#include "engine/breaker.h"

#include <algorithm>

namespace dispatcher {

void Breaker::observe(const Outcome& outcome) {
    using enum Outcome::Kind;
    if (outcome.kind != accepted && outcome.kind != rejected) return;
    auto& place = window_[answers_ % kWindow];
    suspicious_ -= place ? 1U : 0U;
    place = outcome.kind == rejected && outcome.suspicious;
    suspicious_ += place ? 1U : 0U;
    accepted_ += outcome.kind == accepted ? 1U : 0U;
    ++answers_;
}

bool Breaker::has_tripped(bool at_rest) const {
    constexpr std::uint32_t kCertain = kWindow * kPercentMax / 100;
    if (suspicious_ > kCertain) return true;
    if (!is_on_probation() || !at_rest) return false;
    if (accepted_ == 0 && suspicious_ >= 2 && suspicious_ == answers_) return true;
    return suspicious_ >= kSuspiciousMin && suspicious_ * 100 > answers_ * kPercentMax;
}

}  // namespace dispatcher
