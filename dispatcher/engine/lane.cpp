#include "engine/lane.h"

#include <algorithm>
#include <utility>

namespace dispatcher {

Lane::Lane(const LaneContext& context, Gateway& gateway, const GatewayType& type,
           std::chrono::milliseconds gateway_patience)
    : ready(context.options.ready_claims),
      jobs(context.options.settle_jobs),
      renderer(context.sealed, type),
      claimer(context, control, ready),
      sender(context, control, gateway, renderer, gateway_patience, ready, jobs),
      settler(context, control, jobs) {}

void Wakeup::poke() {
    {
        const std::lock_guard lock(mutex_);
        is_poked_ = true;
    }
    poked_.notify_one();
}

void Wakeup::wait_until(Clock& clock, BootTime until) {
    constexpr std::chrono::nanoseconds kLongest = std::chrono::seconds(1);
    std::unique_lock lock(mutex_);
    const auto now = clock.now();
    if (!is_poked_ && until > now)
        poked_.wait_for(lock, std::min(until - now, kLongest), [this] { return is_poked_; });
    is_poked_ = false;
}

LaneThreads::LaneThreads(Lane& lane, Gateway& gateway, Clock& clock, const EngineOptions& options)
    : lane_(lane), gateway_(gateway), clock_(clock), options_(options) {
    lane.ready.on_push = [this] { gateway_.wake(); };
    lane.ready.on_pop = [this] { claimer_wakeup_.poke(); };
    lane.jobs.on_push = [this] { settler_wakeup_.poke(); };
    lane.jobs.on_pop = [this] { gateway_.wake(); };
    threads_.emplace_back([this] {
        run([this] {
            while (!lane_.claimer.is_done())
                claimer_wakeup_.wait_until(clock_, lane_.claimer.step());
            gateway_.wake();
        });
    });
    threads_.emplace_back([this] {
        run([this] {
            while (!lane_.sender.is_done()) {
                const bool was_ready = lane_.control.gateway_ready;
                lane_.sender.step(clock_.now() + options_.poll);
                if (was_ready != lane_.control.gateway_ready) claimer_wakeup_.poke();
            }
        });
        // Also where it failed: the others must not wait for it. Its answers are in the journal.
        lane_.control.sender_done = true;
        settler_wakeup_.poke();
    });
    threads_.emplace_back([this] {
        run([this] {
            while (!lane_.settler.is_done()) {
                const auto wake = lane_.settler.step();
                claimer_wakeup_.poke();  // a claim may have ended
                settler_wakeup_.wait_until(clock_, wake);
            }
            claimer_wakeup_.poke();
            gateway_.wake();
        });
    });
}

LaneThreads::~LaneThreads() {
    stop(LaneStop::asked);
    threads_.clear();  // joins
    lane_.ready.on_push = lane_.ready.on_pop = nullptr;
    lane_.jobs.on_push = lane_.jobs.on_pop = nullptr;
}

/// Thread entry: captures what `step` throws, so that the other machines can end too.
template <class Step>
void LaneThreads::run(Step&& step) {
    try {
        step();
    } catch (...) {
        {
            const std::lock_guard lock(mutex_);
            if (!failure_) failure_ = std::current_exception();
        }
        lane_.control.stop(LaneStop::asked);
        lane_.control.claimer_done = true;
        lane_.control.settler_done = true;
        claimer_wakeup_.poke();
        settler_wakeup_.poke();
        gateway_.wake();
    }
}

void LaneThreads::stop(LaneStop reason) {
    lane_.control.stop(reason);
    claimer_wakeup_.poke();
    settler_wakeup_.poke();
    gateway_.wake();
}

void LaneThreads::join() {
    for (auto& thread : threads_)
        if (thread.joinable()) thread.join();
    const std::lock_guard lock(mutex_);
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

}  // namespace dispatcher
