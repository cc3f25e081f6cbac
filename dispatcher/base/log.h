#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace dispatcher {

enum class LogLevel { trace, debug, info, warn, error, off };
enum class LogFormat { text, json };

struct LogOptions {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
};

/// Starts logging to stderr through a bounded queue and a thread of its own: when the queue is
/// full the oldest lines are dropped, because a log must never hold up a send. Before this call,
/// and in tests, nothing is logged. Call from one thread.
void start_log(const LogOptions& options);

/// Writes out what is queued and stops the log's thread.
void stop_log();

/// Whether a line of this level would be written.
bool log_enabled(LogLevel level);

/// Queues one line. Never blocks, never throws.
void log_line(LogLevel level, std::string_view line);

/// While it lives, only errors are written, unless the log holds debug lines too: for trials whose
/// result tells what went wrong. One at a time, in one thread; lines of every thread are meant.
class QuietLog {
  public:
    QuietLog();
    ~QuietLog();
    QuietLog(const QuietLog&) = delete;
    QuietLog& operator=(const QuietLog&) = delete;

  private:
    bool was_quieted_ = false;
};

template <class... Args>
void log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
    if (log_enabled(level)) log_line(level, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace dispatcher
