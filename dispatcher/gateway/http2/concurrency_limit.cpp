#include "gateway/http2/concurrency_limit.h"

#include <algorithm>
#include <utility>

namespace dispatcher::http2 {
namespace {

using std::chrono::nanoseconds;

constexpr std::chrono::milliseconds kWindow{100};
/// A window also lasts as many latencies, so that most of its replies belong to its limit.
constexpr int kWindowLatencies = 2;
/// Fewer replies say nothing.
constexpr std::uint64_t kRepliesMin = 20;
/// In use: the mean of what was open, of what was allowed.
constexpr double kInUse = 0.7;
constexpr std::size_t kStep = 2;
/// What a step must bring in replies a second to be kept.
constexpr double kGain = 1.15;
/// Above so many times the least latency requests queue.
constexpr int kQueueing = 5;
/// Of all replies: turned away, or silent.
constexpr double kTroubleShare = 0.05;
constexpr std::chrono::seconds kHold{10};

}  // namespace

ConcurrencyLimit::ConcurrencyLimit(Range range) : range_(range), limit_(range.first) {}

void ConcurrencyLimit::fit(Range range) {
    const bool is_at_first = limit_ == range_.first;
    range_ = {range.first, std::max(range.first, range.most)};
    limit_ = is_at_first ? range_.first : std::clamp(limit_, range_.first, range_.most);
}

void ConcurrencyLimit::note_reply(nanoseconds took, bool is_trouble) {
    ++replies_;
    if (is_trouble) ++troubles_;
    took_ += took;
    least_ = std::min(least_, took);
}

nanoseconds ConcurrencyLimit::mean() const {
    return took_ / static_cast<nanoseconds::rep>(std::max<std::uint64_t>(replies_, 1));
}

void ConcurrencyLimit::observe(BootTime now) {
    if (began_ == BootTime{}) return begin_window(now);
    const auto lasted = now - began_;
    if (lasted < kWindow || lasted < mean() * kWindowLatencies) return;
    // The first window under another limit still has the replies of the earlier one.
    if (replies_ + troubles_ >= kRepliesMin && !std::exchange(is_stale_, false))
        judge(now, std::chrono::duration<double>(lasted).count());
    begin_window(now);
}

void ConcurrencyLimit::judge(BootTime now, double seconds) {
    const auto answered = static_cast<double>(replies_ + troubles_);
    if (static_cast<double>(troubles_) > answered * kTroubleShare)
        return hold(now, std::max(range_.first, limit_ / kStep));
    const auto rate = static_cast<double>(replies_) / seconds;
    if (tried_from_ != 0 && rate < rate_before_ * kGain) return hold(now, tried_from_);
    tried_from_ = 0;
    const auto open = std::chrono::duration<double>(took_).count() / seconds;
    const bool is_in_use = open >= static_cast<double>(limit_) * kInUse;
    if (!is_in_use || now < held_until_ || mean() > least_ * kQueueing) return;
    const auto next = std::min(range_.most, limit_ * kStep);
    if (next == limit_) return;
    tried_from_ = limit_;
    rate_before_ = rate;
    limit_ = next;
    is_stale_ = true;
}

void ConcurrencyLimit::hold(BootTime now, std::size_t limit) {
    is_stale_ = limit != limit_;
    limit_ = std::min(limit, limit_);
    tried_from_ = 0;
    held_until_ = now + kHold;
}

void ConcurrencyLimit::begin_window(BootTime now) {
    began_ = now;
    replies_ = troubles_ = 0;
    took_ = {};
}

}  // namespace dispatcher::http2
