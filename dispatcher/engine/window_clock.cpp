#include "engine/window_clock.h"

#include <algorithm>

#include "audience/row_check.h"
#include "base/invariant.h"

namespace dispatcher {
namespace {

using std::chrono::days;

/// No send window stays as it is for longer without being looked at again.
constexpr std::chrono::hours kStandingMax{1};

struct Opening {
    WallTime from;
    WallTime to;
};

Opening opening_on(const SendWindow& window, const TimeZone& zone, days day) {
    const auto closing_day = window.to > window.from ? day : day + days{1};
    return {zone.time_of(day, window.from), zone.time_of(closing_day, window.to)};
}

const TimeZone& utc() {
    static const auto zone = TimeZone::find("UTC");
    invariant(zone.has_value(), "UTC is known without a database");
    return *zone;
}

}  // namespace

std::optional<WallTime> next_opening(const SendWindow& window, const TimeZone& zone, WallTime now) {
    const auto today = zone.day_of(now);
    // A window that began yesterday may be open still; where a jump of the clocks swallows all of
    // today's, tomorrow's is next.
    for (const auto day : {today - days{1}, today, today + days{1}, today + days{2}}) {
        const auto opening = opening_on(window, zone, day);
        if (opening.from == opening.to) continue;
        if (now < opening.from) return opening.from;
        if (now < opening.to) return std::nullopt;
    }
    return std::nullopt;
}

void WindowClock::follow(const Settings& settings, const CampaignHead& head, BootTime now) {
    window_ = settings.send_window;
    read_wall_ = head.now;
    read_at_ = now;
    standings_.clear();
    zone_column_ = column_index(columns_, "timezone");
}

std::optional<WallTime> WindowClock::opens_at(const ChunkData& data, std::size_t row,
                                              BootTime now) {
    if (!window_) return std::nullopt;
    std::string_view zone = window_->zone;
    if (window_->is_by_recipient()) {
        data.row(row, values_);
        zone = zone_column_ < values_.size() ? values_[zone_column_] : std::string_view();
    }
    auto found = standings_.find(zone);
    if (found == standings_.end()) {
        found = standings_.emplace(zone, Standing{}).first;
        found->second.zone = TimeZone::find(zone);
    }
    const auto wall =
        read_wall_ + std::chrono::duration_cast<std::chrono::milliseconds>(now - read_at_);
    return stand(found->second, wall);
}

std::optional<WallTime> WindowClock::stand(Standing& standing, WallTime now) const {
    if (now >= standing.since && now < standing.until) return standing.opens_at;
    const auto& zone = standing.zone ? *standing.zone : utc();
    standing.since = now;
    standing.opens_at = next_opening(*window_, zone, now);
    // Open windows are looked at again by the minute: windows open and close on whole minutes.
    const auto next_minute =
        std::chrono::floor<std::chrono::minutes>(now) + std::chrono::minutes{1};
    standing.until = standing.opens_at ? std::min<WallTime>(*standing.opens_at, now + kStandingMax)
                                       : WallTime{next_minute};
    return standing.opens_at;
}

}  // namespace dispatcher
