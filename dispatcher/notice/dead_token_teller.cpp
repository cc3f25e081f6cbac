#include "notice/dead_token_teller.h"

#include <algorithm>

#include "base/log.h"

namespace dispatcher {
namespace {

using std::chrono::milliseconds;

/// A thread waits no longer than this before it looks at its clock again.
constexpr milliseconds kLook{1000};

milliseconds until(BootTime at, BootTime now) {
    if (at - now > kLook) return kLook;
    return std::max(std::chrono::ceil<milliseconds>(at - now), milliseconds{0});
}

}  // namespace

DeadTokenTeller::DeadTokenTeller(const std::string& campaign,
                                 std::unique_ptr<NoticeReceiver> receiver, milliseconds timeout,
                                 Clock& clock, const NoticeTerms& terms)
    : timeout_(timeout),
      clock_(clock),
      receiver_(std::move(receiver)),
      queue_(campaign, terms),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

DeadTokenTeller::~DeadTokenTeller() {
    end();
}

void DeadTokenTeller::tell(const std::string& gateway, std::vector<DeadDevice> devices) {
    {
        const std::lock_guard lock(mutex_);
        queue_.add(gateway, std::move(devices), clock_.now());
    }
    changed_.notify_all();
}

TellingResult DeadTokenTeller::finish(milliseconds patience) {
    {
        std::unique_lock lock(mutex_);
        queue_.finish();
        give_up_at_ = clock_.now() + patience;
        changed_.notify_all();
        while (!queue_.is_empty() && clock_.now() < give_up_at_)
            changed_.wait_for(lock, until(give_up_at_, clock_.now()));
    }
    end();
    queue_.give_up();
    return {queue_.told(), queue_.untold(), queue_.trouble()};
}

void DeadTokenTeller::end() {
    thread_.request_stop();
    receiver_->stop();
    if (thread_.joinable()) thread_.join();
}

// Plan: wait until a notice is due, post it without the lock, take the answer; until the stop.
void DeadTokenTeller::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        const auto now = clock_.now();
        if (queue_.due(now) != nullptr)
            post(stop, lock);
        else
            changed_.wait_for(lock, stop, until(queue_.due_at(), now), [this, now] {
                return queue_.due_at() <= std::max(now, clock_.now());
            });
    }
}

void DeadTokenTeller::post(const std::stop_token& stop, std::unique_lock<std::mutex>& lock) {
    const auto now = clock_.now();
    const auto notice = *queue_.due(now);
    const auto patience = std::min<BootTime::duration>(timeout_, give_up_at_ - now);
    lock.unlock();
    const auto answer = receiver_->post(notice, std::chrono::ceil<milliseconds>(patience));
    lock.lock();
    if (stop.stop_requested() && answer.kind != NoticeAnswer::Kind::told) return;
    if (answer.kind != NoticeAnswer::Kind::told && answer.trouble != queue_.trouble())
        log(LogLevel::warn, "dead_tokens.webhook: {}; the campaign goes on", answer.trouble);
    queue_.answered(answer, clock_.now());
    changed_.notify_all();
}

}  // namespace dispatcher
