#include "gateway/http2/concurrency_limit.h"

#include <algorithm>

namespace dispatcher::http2 {
namespace {

using std::chrono::seconds;

/// Where it may be that requests queue, a window lasts at least so long: a pause of the machine
/// should not decide.
constexpr std::chrono::milliseconds kWindow{100};
/// A window that is not full in so many latencies never will be.
constexpr double kWindowLatencies = 2.5;
/// Fewer replies say nothing, nor does a smaller share of what is allowed.
constexpr std::uint64_t kRepliesMin = 20;
constexpr double kRepliesShare = 0.6;
/// In use: the mean of what was open, of what was allowed.
constexpr double kInUse = 0.8;
/// What was open above what is allowed now has been answered.
constexpr double kDrained = 1.25;
/// Below so many times the least latency nothing queues worth mentioning.
constexpr double kUnqueued = 1.2;
/// The same in the beginning: a few chance figures are all that the least latency is known by.
constexpr double kUnqueuedFirst = 1.5;
/// Allowed: so many times what fills the gateway.
constexpr double kAllowance = 1.8;
/// After a step up answers count again when the first of its own requests come back.
constexpr double kStepSettles = 0.9;
/// The share of the latest window in the usual speed.
constexpr double kNew = 0.3;
/// With half as much, so much of the speed is no loss, and so little shows that nothing queued.
constexpr double kNoLoss = 0.95;
constexpr double kLoss = 0.7;
constexpr double kConfirmed = 0.8;
constexpr int kProbeWindows = 2;
/// Where the latency at half is the least one, so many probes without loss show that it was not.
constexpr int kKeptProbes = 2;
/// Until the next probe; twice as long after each one that met with a loss, for it costs one.
constexpr seconds kFirstHold{1};
constexpr seconds kLongestHold{5};
/// So much later where the latency is what it is meant to be, and where it is the least one and no
/// more can be allowed: there a probe costs half the speed.
constexpr seconds kTrusted{10};
constexpr seconds kFullHold{20};
/// Above so many times the least latency more queue than are meant to, or that latency rose.
constexpr double kSuspect = 2.5;
/// A probe that is not decided by then is off: kFirstHold and so many latencies.
constexpr double kProbeLatencies = 10;
/// Of all requests: turned away, or silent.
constexpr double kTroubleShare = 0.05;
constexpr std::uint64_t kTroubleRepliesMin = 20;
constexpr seconds kTroubleHold{10};

std::size_t scaled(std::size_t limit, double factor) {
    return static_cast<std::size_t>(static_cast<double>(limit) * factor);
}

BootClock::duration ticks(std::chrono::duration<double> time) {
    return std::chrono::duration_cast<BootClock::duration>(time);
}

}  // namespace

ConcurrencyLimit::ConcurrencyLimit(Range range)
    : range_(range), limit_(range.first), hold_(kFirstHold) {}

void ConcurrencyLimit::fit(Range range) {
    const bool is_at_first = limit_ == range_.first;
    if (range.first == range_.first && range.most == range_.most) return;
    probe_.reset();
    range_ = {range.first, std::max(range.first, range.most)};
    limit_ = is_at_first ? range_.first : std::clamp(limit_, range_.first, range_.most);
}

void ConcurrencyLimit::note_reply(BootTime began, BootTime now, bool is_trouble) {
    const Seconds took = now - began;
    // The first one found the gateway idle.
    if (least_ == Seconds::max()) least_ = took;
    // Those from before would have it halved for the same trouble again.
    if (began >= backed_off_at_) {
        ++troubles_.told;
        if (is_trouble) ++troubles_.count;
    }
    if (!window_ || now < window_->began) return;
    ++window_->replies;
    window_->took += took;
}

void ConcurrencyLimit::note_silence() {
    ++troubles_.told;
    ++troubles_.count;
}

void ConcurrencyLimit::observe(BootTime now, std::size_t open) {
    if (is_troubled(now)) return back_off(now);
    if (probe_ && now >= probe_->until) return end_probe(now, probe_->from, {});
    if (!window_) return begin_window(now, open);
    if (now <= window_->began) return;
    window_->open_seconds += static_cast<double>(std::min(open, limit_)) *
                             Seconds(now - std::max(observed_at_, window_->began)).count();
    observed_at_ = now;
    if (!says_enough(now)) return;
    const auto latency = this->latency();
    const auto was_open = window_->open_seconds / Seconds(now - window_->began).count();
    window_.reset();
    settles_ = {};
    if (was_open >= static_cast<double>(limit_) * kInUse)
        judge(now, latency, was_open / latency.count());
}

bool ConcurrencyLimit::is_troubled(BootTime now) {
    if (now - troubles_.since < kWindow || troubles_.told < kTroubleRepliesMin) return false;
    const bool is_troubled =
        static_cast<double>(troubles_.count) > static_cast<double>(troubles_.told) * kTroubleShare;
    troubles_ = {now};
    return is_troubled;
}

/// Requests that are begun while what is allowed fills up wait in shorter queues than those to
/// come: those are let pass.
void ConcurrencyLimit::begin_window(BootTime now, std::size_t open) {
    const auto share = static_cast<double>(open) / static_cast<double>(limit_);
    if (share < kInUse || share > kDrained) return;
    window_ = Window{now + ticks(settles_)};
    observed_at_ = now;
}

ConcurrencyLimit::Seconds ConcurrencyLimit::latency() const {
    return window_->took / static_cast<double>(std::max<std::uint64_t>(window_->replies, 1));
}

/// A window is judged when it is long and full enough, and sooner where more has to be allowed.
bool ConcurrencyLimit::says_enough(BootTime now) const {
    const Seconds latency = this->latency();
    const Seconds lasted = now - window_->began;
    if (window_->replies < kRepliesMin || latency.count() <= 0) return false;
    const bool is_full = window_->replies >= scaled(limit_, kRepliesShare);
    if (is_starting_ && has_to_grow(now, latency)) return is_full;
    return lasted >= kWindow && (is_full || lasted >= latency * kWindowLatencies);
}

bool ConcurrencyLimit::has_to_grow(BootTime now, Seconds latency) const {
    return !probe_ && limit_ < range_.most &&
           latency < least_ * (is_starting_ ? kUnqueuedFirst : kUnqueued) && now >= calm_until_;
}

void ConcurrencyLimit::judge(BootTime now, Seconds latency, double speed) {
    if (probe_) return judge_probe(now, latency, speed);
    if (unqueued_) confirm_unqueued(speed);
    least_ = std::min(least_, latency);
    if (has_to_grow(now, latency)) return grow(now, latency);
    is_starting_ = false;
    usual_speed_ = usual_speed_ == 0 ? speed : (1 - kNew) * usual_speed_ + kNew * speed;
    if (now >= next_probe(latency)) probe(now, latency, usual_speed_);
}

BootTime ConcurrencyLimit::next_probe(Seconds latency) const {
    if (range_.first == range_.most) return BootTime::max();
    if (latency > least_ * kSuspect || limit_ == range_.first) return held_until_;
    if (latency > least_ * kUnqueued) return trusted_until_;
    return trusted_until_ + kFullHold;
}

/// To kAllowance times what fills the gateway, by the latency that it has while nothing queues.
void ConcurrencyLimit::grow(BootTime now, Seconds latency) {
    set(std::min(range_.most, scaled(limit_, kAllowance * (least_ / latency))),
        latency * kStepSettles);
    if (!is_starting_) return;
    hold_ = kFirstHold;
    held_until_ = trusted_until_ = now + hold_;
}

void ConcurrencyLimit::probe(BootTime now, Seconds latency, double speed) {
    if (limit_ < 2) return;
    probe_ = Probe{limit_, speed, now + kFirstHold + ticks(latency * kProbeLatencies)};
    set(limit_ / 2, latency);
}

void ConcurrencyLimit::judge_probe(BootTime now, Seconds latency, double speed) {
    const auto share = speed / probe_->speed;
    probe_->latency = std::min(probe_->latency, latency);
    probe_->best_share = std::max(probe_->best_share, share);
    probe_->shares += share;
    if (++probe_->windows < kProbeWindows) return;
    const auto probed = *probe_;
    const bool is_lost = probed.shares < kNoLoss * kProbeWindows;
    kept_ = is_lost ? 0 : kept_ + 1;
    const bool is_queued = probed.latency > least_ * kUnqueued || kept_ >= kKeptProbes;
    if (!is_lost && is_queued && limit_ >= range_.first) {
        hold_ = kFirstHold;
        return probe(now, latency, probed.speed);
    }
    if (probed.best_share < kLoss)
        unqueued_ = Unqueued{probed.latency, probed.best_share * probed.speed};
    else
        least_ = std::min(least_, probed.latency);
    hold_ = std::min(hold_ * 2, kLongestHold);
    end_probe(now, probed.from, latency * 2);
    if (!is_lost && limit_ > range_.first) held_until_ = trusted_until_ = now + kFirstHold;
}

/// Whether it was the probe that cost speed, and not the gateway that slowed down meanwhile.
void ConcurrencyLimit::confirm_unqueued(double speed) {
    const auto found = *unqueued_;
    unqueued_.reset();
    if (found.speed > speed * kConfirmed) {
        trusted_until_ = held_until_;
        return;
    }
    least_ = found.latency;
    is_starting_ = true;
}

void ConcurrencyLimit::end_probe(BootTime now, std::size_t limit, Seconds latency) {
    probe_.reset();
    set(std::max(range_.first, limit), latency);
    held_until_ = now + hold_;
    trusted_until_ = held_until_ + kTrusted;
}

void ConcurrencyLimit::back_off(BootTime now) {
    set(std::max(range_.first, probe_ ? limit_ : limit_ / 2), {});
    probe_.reset();
    backed_off_at_ = now;
    calm_until_ = now + kTroubleHold;
}

/// The next window begins a latency after what is allowed is in use.
void ConcurrencyLimit::set(std::size_t limit, Seconds latency) {
    limit_ = limit;
    window_.reset();
    settles_ = latency;
    usual_speed_ = 0;
}

}  // namespace dispatcher::http2
