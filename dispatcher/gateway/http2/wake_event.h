#pragma once

#include <atomic>

namespace dispatcher::http2 {

/// An eventfd that ends a wait in epoll. `ring()` from any thread.
class WakeEvent {
  public:
    WakeEvent();
    ~WakeEvent();
    WakeEvent(const WakeEvent&) = delete;
    WakeEvent& operator=(const WakeEvent&) = delete;

    [[nodiscard]] int descriptor() const { return descriptor_; }
    void ring();
    /// Makes the descriptor unreadable again.
    void clear();

    /// Somebody asked the waiting thread to return, rather than only to look again.
    std::atomic<bool> is_call{false};

  private:
    int descriptor_;
};

}  // namespace dispatcher::http2
