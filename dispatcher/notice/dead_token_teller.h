#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "notice/notice_queue.h"

namespace dispatcher {

/// What became of the dead devices of a run.
struct TellingResult {
    std::uint64_t told = 0;
    std::uint64_t untold = 0;
    std::string trouble;  ///< why, of the last ones that were not told
};

/// Tells a receiver which devices of a campaign have dead tokens, from a thread of its own: in
/// batches, each at least once while this process lives. Whatever the receiver does, nobody waits
/// for it but finish(), and that not for long.
class DeadTokenTeller {
  public:
    /// How long finish() waits.
    static constexpr std::chrono::milliseconds kEndPatience{5000};

    /// `clock` outlives this. `timeout`: of one request.
    DeadTokenTeller(const std::string& campaign, std::unique_ptr<NoticeReceiver> receiver,
                    std::chrono::milliseconds timeout, Clock& clock, const NoticeTerms& terms = {});
    /// Gives up what was not told.
    ~DeadTokenTeller();
    DeadTokenTeller(const DeadTokenTeller&) = delete;
    DeadTokenTeller& operator=(const DeadTokenTeller&) = delete;

    /// From any thread; never blocks for long.
    void tell(const std::string& gateway, std::vector<DeadDevice> devices);

    /// Nothing more will be told: waits until everything is, for `patience` at the longest, and
    /// ends. Once.
    TellingResult finish(std::chrono::milliseconds patience = kEndPatience);

  private:
    void run(const std::stop_token& stop);
    void post(const std::stop_token& stop, std::unique_lock<std::mutex>& lock);
    void end();

    const std::chrono::milliseconds timeout_;
    Clock& clock_;
    const std::unique_ptr<NoticeReceiver> receiver_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    NoticeQueue queue_;                      // guarded by mutex_
    BootTime give_up_at_ = BootTime::max();  // guarded by mutex_
    std::jthread thread_;
};

}  // namespace dispatcher
