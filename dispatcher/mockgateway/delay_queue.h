#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "base/clock.h"

namespace dispatcher::mock {

/// What is to be done on a connection later: a stream is to be answered, or (stream 0) the
/// connection has lingered long enough.
struct Delayed {
    BootTime due{};
    std::uint64_t connection = 0;
    std::int32_t stream = 0;
    bool operator>(const Delayed& other) const { return due > other.due; }
};

/// The delayed work of all connections, earliest first; at most one entry an open stream and one a
/// connection. One thread.
class DelayQueue {
  public:
    void push(const Delayed& delayed) { queue_.push(delayed); }

    /// The earliest entry, if its time has come.
    std::optional<Delayed> pop_due(BootTime now) {
        if (queue_.empty() || queue_.top().due > now) return std::nullopt;
        const auto delayed = queue_.top();
        queue_.pop();
        return delayed;
    }

    [[nodiscard]] std::optional<BootTime> next_due() const {
        if (queue_.empty()) return std::nullopt;
        return queue_.top().due;
    }

  private:
    std::priority_queue<Delayed, std::vector<Delayed>, std::greater<>> queue_;
};

}  // namespace dispatcher::mock
