#pragma once

#include <memory>

#include "base/clock.h"
#include "notice/notice_options.h"
#include "notice/notice_receiver.h"

namespace dispatcher {

/// Posts notices over HTTP/1.1, signed as notifications to a webhook are.
class HttpReceiver final : public NoticeReceiver {
  public:
    /// `clock` outlives this.
    HttpReceiver(NoticeOptions options, Clock& clock);
    ~HttpReceiver() override;

    NoticeAnswer post(const Notice& notice, std::chrono::milliseconds patience) override;
    void stop() override;

  private:
    struct Line;

    const NoticeOptions options_;
    Clock& clock_;
    const std::unique_ptr<Line> line_;
};

/// What a status means: 2xx is told; 408, 409, 425, 429 and 5xx may be another one later.
NoticeAnswer read_notice_status(int status);

}  // namespace dispatcher
