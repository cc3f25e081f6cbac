#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "engine/claimer.h"
#include "engine/sender.h"
#include "engine/settler.h"

namespace dispatcher {

/// One gateway's pipeline: claimer, sender and settler joined by bounded queues. The machines can
/// be stepped by hand from one thread (a simulation does), or run by LaneThreads.
class Lane {
  public:
    /// `context` and `gateway` outlive the lane.
    Lane(const LaneContext& context, Gateway& gateway, const GatewayType& type,
         std::chrono::milliseconds gateway_patience);

    LaneControl control;
    BoundedQueue<Claim> ready;
    BoundedQueue<SettleJob> jobs;
    NotificationRenderer renderer;
    Claimer claimer;
    Sender sender;
    Settler settler;

    [[nodiscard]] bool is_done() const {
        return claimer.is_done() && sender.is_done() && settler.is_done();
    }
};

/// Wakes a thread that waits with a deadline. Thread-safe.
class Wakeup {
  public:
    void poke();
    /// Returns at `until` (by the clock given), or earlier if poked since the last wait.
    void wait_until(Clock& clock, BootTime until);

  private:
    std::mutex mutex_;
    std::condition_variable poked_;
    bool is_poked_ = false;  // guarded by mutex_
};

/// Runs a lane's machines on three threads: the sender waits in its gateway, the others on their
/// queues. An exception in a thread stops the lane and is rethrown by join().
class LaneThreads {
  public:
    LaneThreads(Lane& lane, Gateway& gateway, Clock& clock, const EngineOptions& options);
    ~LaneThreads();

    /// Asks the lane to drain: nothing new is claimed or sent.
    void stop(LaneStop reason);
    /// Returns when the three machines are done.
    void join();

  private:
    template <class Step>
    void run(Step&& step);

    Lane& lane_;
    Gateway& gateway_;
    Clock& clock_;
    const EngineOptions& options_;
    Wakeup claimer_wakeup_;
    Wakeup settler_wakeup_;
    std::mutex mutex_;
    std::exception_ptr failure_;  // guarded by mutex_
    std::vector<std::jthread> threads_;
};

}  // namespace dispatcher
