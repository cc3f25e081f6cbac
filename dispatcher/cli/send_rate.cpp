#include "cli/send_rate.h"

namespace dispatcher::cli {
namespace {

constexpr std::chrono::seconds kWindow{5};

}  // namespace

void SendRate::observe(BootTime now, std::uint64_t count) {
    samples_.push_back({now, count});
    while (samples_.size() > 2 && samples_[1].at <= now - kWindow)
        samples_.pop_front();
}

double SendRate::per_second() const {
    if (samples_.size() < 2) return 0;
    const std::chrono::duration<double> time = samples_.back().at - samples_.front().at;
    if (time.count() <= 0 || samples_.back().count <= samples_.front().count) return 0;
    return static_cast<double>(samples_.back().count - samples_.front().count) / time.count();
}

}  // namespace dispatcher::cli
