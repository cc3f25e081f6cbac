#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

namespace dispatcher::cli {

/// SIGINT, SIGTERM and the end of the terminal (SIGHUP, unless it is ignored): the first asks for a
/// stop, a second SIGINT or SIGTERM ends the process at once with exit
/// code 5, which the flag protocol makes safe. Make it before any other thread, so that all of them
/// inherit the blocked signals. One at a time.
class SignalWatch {
  public:
    SignalWatch();
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }
    [[nodiscard]] bool is_stopped() const { return stop_.stop_requested(); }
    /// Throws UnavailableError("interrupted: …") once a stop was asked for.
    void check() const;
    /// Waits so long, or until a stop is asked for; answers whether it was.
    bool wait_for(std::chrono::milliseconds duration);
    /// Readable once a stop was asked for.
    [[nodiscard]] int stop_fd() const { return stop_fd_; }

  private:
    void watch();

    const int stop_fd_;
    const int end_fd_;
    int signal_fd_ = -1;
    std::stop_source stop_;
    std::mutex mutex_;
    std::condition_variable_any stopped_;
    std::jthread thread_;
};

}  // namespace dispatcher::cli
