#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace dispatcher::http2 {

/// How many requests one gateway should have open at once, found out while sending: by Little's law
/// its speed times its latency. More would only queue, and be in doubt after a crash; so not
/// twice that is allowed, or what it began with.
///
/// It looks at windows of answers. While all that is allowed is in use, speed is what was open over
/// the latency, in whatever bursts answers come.
/// - The latency is near the least one: nothing queues, and more is allowed.
/// - Now and then it probes with half as much. The speed stays: they queued, and less is allowed.
///   It falls: that was the least latency, whatever it was before.
/// - The gateway is in trouble: half as much, and no more for a while.
/// One thread.
class ConcurrencyLimit {
  public:
    struct Range {
        std::size_t first = 1;  ///< where it begins, and goes below only to probe; ≥ 1
        std::size_t most = 1;
    };
    explicit ConcurrencyLimit(Range range);

    [[nodiscard]] std::size_t now() const { return limit_; }

    /// What the connections can carry has come to light.
    void fit(Range range);

    /// A request that began at `began` was answered. `is_trouble`: it was turned away for there
    /// being too many.
    void note_reply(BootTime began, BootTime now, bool is_trouble);
    /// A request was not answered in time.
    void note_silence();
    /// Judges the window if it says enough. `open`: requests that were open since the last call.
    void observe(BootTime now, std::size_t open);

  private:
    using Seconds = std::chrono::duration<double>;
    /// Answers that came in it, wherever what is allowed was in use.
    struct Window {
        BootTime began;
        std::uint64_t replies = 0;
        Seconds took{};
        double open_seconds = 0;  ///< requests × time
    };
    struct Probe {
        std::size_t from;  ///< the limit before it
        double speed;      ///< answers a second under that
        BootTime until;
        int windows = 0;
        double shares = 0;      ///< of that speed, in each of them
        double best_share = 0;  ///< whatever disturbs lessens it
        Seconds latency = Seconds::max();
    };
    /// What a probe found: a latency and, while it was on, the speed.
    struct Unqueued {
        Seconds latency;
        double speed;
    };
    struct Troubles {
        BootTime since;
        std::uint64_t told = 0;  ///< replies, and silences
        std::uint64_t count = 0;
    };

    [[nodiscard]] bool is_troubled(BootTime now);
    [[nodiscard]] bool says_enough(BootTime now) const;
    [[nodiscard]] bool has_to_grow(BootTime now, Seconds latency) const;
    [[nodiscard]] Seconds latency() const;
    [[nodiscard]] BootTime next_probe(Seconds latency) const;
    void begin_window(BootTime now, std::size_t open);
    void judge(BootTime now, Seconds latency, double speed);
    void grow(BootTime now, Seconds latency);
    void probe(BootTime now, Seconds latency, double speed);
    void judge_probe(BootTime now, Seconds latency, double speed);
    void confirm_unqueued(double speed);
    void end_probe(BootTime now, std::size_t limit, Seconds latency);
    void back_off(BootTime now);
    void set(std::size_t limit, Seconds latency);

    Range range_;
    std::size_t limit_;

    std::optional<Window> window_;
    Seconds settles_{};  ///< from when what is allowed is in use until the next window
    BootTime observed_at_{};
    Troubles troubles_{};
    BootTime backed_off_at_{};

    Seconds least_ = Seconds::max();  ///< latency while nothing queued
    bool is_starting_ = true;         ///< it has grown whenever it could
    double usual_speed_ = 0;          ///< answers a second under this limit
    std::optional<Probe> probe_;
    int kept_ = 0;                      ///< probes in a row that cost no speed
    std::optional<Unqueued> unqueued_;  ///< to be confirmed
    BootTime held_until_{};             ///< no probe before
    BootTime trusted_until_{};          ///< the same while nothing is suspicious
    BootTime calm_until_{};             ///< no growth before
    std::chrono::seconds hold_;
};

}  // namespace dispatcher::http2
