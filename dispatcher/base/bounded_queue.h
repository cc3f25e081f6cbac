#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

namespace dispatcher {

/// A queue of at most `capacity` values between two threads. Nothing here blocks: a step machine
/// asks, and is woken through the callbacks when asking again is worth it. Thread-safe.
template <class T>
class BoundedQueue {
  public:
    explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

    /// Called after a push and after a pop, outside the lock; set before the threads start.
    std::function<void()> on_push;
    std::function<void()> on_pop;

    /// Takes the value, or leaves it untouched and answers false when the queue is full.
    [[nodiscard]] bool try_push(T&& value) {
        {
            const std::lock_guard lock(mutex_);
            if (values_.size() >= capacity_) return false;
            values_.push_back(std::move(value));
        }
        if (on_push) on_push();
        return true;
    }

    [[nodiscard]] std::optional<T> try_pop() {
        std::optional<T> value;
        {
            const std::lock_guard lock(mutex_);
            if (values_.empty()) return std::nullopt;
            value.emplace(std::move(values_.front()));
            values_.pop_front();
        }
        if (on_pop) on_pop();
        return value;
    }

    [[nodiscard]] std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return values_.size();
    }
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] bool full() const { return size() >= capacity_; }

  private:
    const std::size_t capacity_;
    mutable std::mutex mutex_;
    std::deque<T> values_;  // guarded by mutex_
};

}  // namespace dispatcher
