#include "base/log.h"

#include <memory>

#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/encoding.h"

namespace dispatcher {
namespace {

constexpr std::size_t kQueuedLinesMax = 8192;

std::shared_ptr<spdlog::async_logger> logger;
LogFormat log_format = LogFormat::text;
LogLevel log_level = LogLevel::off;

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::trace:
            return spdlog::level::trace;
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warn:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
        case LogLevel::off:
            break;
    }
    return spdlog::level::off;
}

}  // namespace

void start_log(const LogOptions& options) {
    stop_log();
    spdlog::init_thread_pool(kQueuedLinesMax, 1);
    logger = std::make_shared<spdlog::async_logger>(
        "pushonce", std::make_shared<spdlog::sinks::stderr_sink_mt>(), spdlog::thread_pool(),
        spdlog::async_overflow_policy::overrun_oldest);
    log_format = options.format;
    log_level = options.level;
    logger->set_level(to_spdlog(options.level));
    logger->flush_on(spdlog::level::warn);
    const auto* pattern = options.format == LogFormat::json
                              ? R"({"at":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":"%v"})"
                              : "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v";
    logger->set_formatter(
        std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
}

void stop_log() {
    if (!logger) return;
    logger->flush();
    logger.reset();
    spdlog::shutdown();
}

bool log_enabled(LogLevel level) {
    return logger && logger->should_log(to_spdlog(level));
}

void log_line(LogLevel level, std::string_view line) {
    if (!logger) return;
    std::string escaped;
    if (log_format == LogFormat::json) append_json_escaped(escaped, line);
    const auto text = log_format == LogFormat::json ? std::string_view(escaped) : line;
    logger->log(to_spdlog(level), spdlog::string_view_t(text.data(), text.size()));
}

QuietLog::QuietLog() {
    if (!logger || (log_level != LogLevel::info && log_level != LogLevel::warn)) return;
    logger->set_level(to_spdlog(LogLevel::error));
    was_quieted_ = true;
}

QuietLog::~QuietLog() {
    if (was_quieted_ && logger) logger->set_level(to_spdlog(log_level));
}

}  // namespace dispatcher
