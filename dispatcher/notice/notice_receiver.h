#pragma once

#include <chrono>
#include <string>

#include "notice/notice.h"

namespace dispatcher {

/// What came of one attempt.
struct NoticeAnswer {
    enum class Kind : std::uint8_t {
        told,
        refused,      ///< the same request would be refused again
        unavailable,  ///< it may work later
    };
    Kind kind = Kind::unavailable;
    std::string trouble;  ///< unless told: half a sentence for people, without secrets
};

/// Port: who takes notices. post() from one thread, stop() from any.
class NoticeReceiver {
  public:
    virtual ~NoticeReceiver() = default;
    /// One attempt; blocks, for about `patience` at most. Never throws.
    virtual NoticeAnswer post(const Notice& notice, std::chrono::milliseconds patience) = 0;
    /// Ends a running post() soon, and every later one at once.
    virtual void stop() = 0;
};

}  // namespace dispatcher
