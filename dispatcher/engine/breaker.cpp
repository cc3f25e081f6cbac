#include "engine/breaker.h"

#include <algorithm>

namespace dispatcher {

void Breaker::observe(const Outcome& outcome) {
    using enum Outcome::Kind;
    // Silence is not an answer: a network that fails for a moment takes all that is open with it.
    const bool is_unclear = outcome.kind == unknown && (outcome.reason == Reason::server_error ||
                                                        outcome.reason == Reason::bad_answer);
    if (is_unclear || (outcome.kind != unknown && outcome.kind != not_sent)) hear(is_unclear);
    if (outcome.kind != accepted && outcome.kind != rejected) return;
    auto& place = window_[answers_ % kWindow];
    suspicious_ -= place ? 1U : 0U;
    place = outcome.kind == rejected && outcome.suspicious;
    suspicious_ += place ? 1U : 0U;
    accepted_ += outcome.kind == accepted ? 1U : 0U;
    ++answers_;
}

void Breaker::hear(bool is_unclear) {
    auto& place = heard_window_[heard_ % kWindow];
    unclear_ -= place ? 1U : 0U;
    place = is_unclear;
    unclear_ += place ? 1U : 0U;
    ++heard_;
}

std::uint64_t Breaker::heard() const {
    return std::min<std::uint64_t>(heard_, kWindow);
}

bool Breaker::is_unclear() const {
    return unclear_ >= kUnclearMin && unclear_ * 2 > heard();
}

bool Breaker::has_tripped(bool at_rest) const {
    constexpr std::uint32_t kCertain = kWindow * kPercentMax / 100;
    if (suspicious_ > kCertain) return true;
    if (!is_on_probation() || !at_rest) return false;
    if (accepted_ == 0 && suspicious_ >= 2 && suspicious_ == answers_) return true;
    return suspicious_ >= kSuspiciousMin && suspicious_ * 100 > answers_ * kPercentMax;
}

}  // namespace dispatcher
