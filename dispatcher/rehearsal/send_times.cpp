#include "rehearsal/send_times.h"

#include <algorithm>

namespace dispatcher {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTimeMin{100};
constexpr std::uint64_t kCountedMin = 100;

}  // namespace

void SendTimes::add(WallTime at) {
    if (next_ < starts_.size() && at >= starts_[next_]) {
        end_process();
        while (next_ < starts_.size() && at >= starts_[next_])
            ++next_;
    }
    if (of_process_ == 0) first_ = at;
    last_ = std::max(last_, at);
    ++of_process_;
    ++accepted_;
}

/// The first one of a process began its time: it is not counted in it.
void SendTimes::end_process() {
    if (of_process_ > 1) {
        counted_ += of_process_ - 1;
        sending_ += std::chrono::duration_cast<milliseconds>(last_ - first_);
    }
    of_process_ = 0;
}

milliseconds SendTimes::sending() {
    end_process();
    return sending_;
}

std::optional<double> SendTimes::per_second() {
    constexpr double kMillisecondsPerSecond = 1000;
    end_process();
    if (sending_ < kTimeMin || counted_ < kCountedMin) return std::nullopt;
    return static_cast<double>(counted_) * kMillisecondsPerSecond /
           static_cast<double>(sending_.count());
}

}  // namespace dispatcher
