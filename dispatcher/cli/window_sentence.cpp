#include "cli/window_sentence.h"

#include <fmt/format.h>

#include "engine/window_clock.h"

namespace dispatcher::cli {

std::string window_sentence(const Settings& settings, WallTime now) {
    if (!settings.send_window) return {};
    const auto& window = *settings.send_window;
    const bool skips = window.outside == SendWindow::Outside::skip;
    auto sentence =
        fmt::format("sends from {}, {}", window_text(window),
                    skips ? "and skips whose turn comes at another hour" : "and defers the others");
    const auto zone = TimeZone::find(window.zone);
    if (!zone) return sentence;
    const auto opening = next_opening(window, *zone, now);
    return sentence +
           (opening ? fmt::format("; closed now, opens at {} there", zone->local_text(*opening))
                    : "; open now");
}

}  // namespace dispatcher::cli
