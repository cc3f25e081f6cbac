#include "cli/progress_line.h"

#include <chrono>
#include <ostream>

#include <fmt/format.h>

#include "base/log.h"
#include "cli/number_text.h"

namespace dispatcher::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw{200};
constexpr std::chrono::seconds kLogged{10};

}  // namespace

ProgressLine::ProgressLine(std::ostream& err, const Terminal& terminal,
                           std::function<std::string()> text)
    : err_(err), terminal_(terminal), text_(std::move(text)) {
    thread_ = std::jthread([this](const std::stop_token& stop) { tick(stop); });
}

ProgressLine::~ProgressLine() {
    thread_.request_stop();
    thread_.join();
    if (terminal_.writes && drawn_ > 0) {
        draw({});
        err_ << '\r' << std::flush;
    }
}

void ProgressLine::tick(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const std::chrono::milliseconds period = terminal_.writes ? kRedraw : kLogged;
    for (;;) {
        ticked_.wait_for(lock, stop, period, [] { return false; });
        if (stop.stop_requested()) return;
        if (terminal_.writes)
            draw(text_());
        else
            log(LogLevel::info, "{}", text_());
    }
}

void ProgressLine::draw(const std::string& line) {
    const auto columns = columns_of(line);
    if (columns >= terminal_.width) return;  // a wrapped line could not be redrawn
    err_ << '\r' << line << std::string(drawn_ > columns ? drawn_ - columns : 0, ' ') << std::flush;
    drawn_ = columns;
}

std::string progress_text(std::uint64_t done, std::uint64_t total, double per_second) {
    const auto percent = total == 0 ? 100 : done * 100 / total;
    auto text = fmt::format("{} of {} ({} %) · {}/s", with_separators(done), with_separators(total),
                            percent, with_separators(static_cast<std::uint64_t>(per_second)));
    if (per_second > 0 && done < total) {
        const auto seconds = static_cast<double>(total - done) / per_second;
        text += fmt::format(
            " · {} left",
            duration_text(std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000))));
    }
    return text;
}

}  // namespace dispatcher::cli
