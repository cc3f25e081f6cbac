#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <mutex>
#include <string>
#include <thread>

#include "cli/terminal.h"

namespace dispatcher::cli {

/// Tells people how far something is: on a terminal one line that is redrawn five times a second,
/// elsewhere a log line every ten seconds. `text` is asked for the line from a thread of its own.
class ProgressLine {
  public:
    ProgressLine(std::ostream& err, const Terminal& terminal, std::function<std::string()> text);
    /// Clears the line.
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

  private:
    void tick(const std::stop_token& stop);
    void draw(const std::string& line);

    std::ostream& err_;
    const Terminal terminal_;
    const std::function<std::string()> text_;
    std::size_t drawn_ = 0;  ///< columns of the line on the screen
    std::mutex mutex_;
    std::condition_variable_any ticked_;
    std::jthread thread_;
};

/// "412,331 of 1,204,331 (34 %) · 5,012/s · 2 min 38 s left".
std::string progress_text(std::uint64_t done, std::uint64_t total, double per_second);

}  // namespace dispatcher::cli
