#include "base/clock.h"

#include <ctime>

namespace dispatcher {

BootTime SystemClock::now() {
    timespec t{};
    clock_gettime(CLOCK_BOOTTIME, &t);
    return BootTime(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

WallTime SystemClock::wall() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace dispatcher
