#pragma once

#include <chrono>
#include <compare>

namespace dispatcher {

/// Time that never steps: CLOCK_BOOTTIME, so that it also runs while the machine sleeps. It has no
/// now() of its own; only a Clock tells it.
struct BootClock {
    using rep = std::int64_t;
    using period = std::nano;
    using duration = std::chrono::nanoseconds;
    using time_point = std::chrono::time_point<BootClock>;
    static constexpr bool is_steady = true;
};
using BootTime = BootClock::time_point;

/// Wall time in milliseconds since 1970-01-01T00:00:00Z: of this machine, or of the database where
/// a name says so.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// Port: the only source of time. Timeouts and pacing use now(); wall() is for what others read
/// (token timestamps, expiry headers). Thread-safe.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual BootTime now() = 0;
    virtual WallTime wall() = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
  public:
    BootTime now() override;
    WallTime wall() override;
};

}  // namespace dispatcher
