#include "base/time_zone.h"

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>

namespace dispatcher {
namespace {

using std::chrono::days;

constexpr cctz::civil_day kFirstDay(1970, 1, 1);

std::chrono::sys_time<cctz::seconds> to_seconds(WallTime time) {
    return std::chrono::floor<cctz::seconds>(time);
}

}  // namespace

struct TimeZone::Rules {
    cctz::time_zone zone;
};

std::optional<TimeZone> TimeZone::find(std::string_view name) {
    // The library would also take a path, and names of its own for fixed offsets.
    if (name.empty() || name.front() == '/' || name.find("..") != name.npos ||
        name.find(':') != name.npos || name.find('\0') != name.npos)
        return std::nullopt;
    cctz::time_zone zone;
    if (!cctz::load_time_zone(std::string(name), &zone)) return std::nullopt;
    return TimeZone(std::make_shared<const Rules>(Rules{zone}));
}

days TimeZone::day_of(WallTime time) const {
    return days{cctz::civil_day(cctz::convert(to_seconds(time), rules_->zone)) - kFirstDay};
}

WallTime TimeZone::time_of(days day, std::chrono::minutes time_of_day) const {
    const auto shown =
        cctz::civil_second(cctz::civil_minute(kFirstDay + day.count()) + time_of_day.count());
    const auto found = rules_->zone.lookup(shown);
    return found.kind == cctz::time_zone::civil_lookup::SKIPPED ? found.trans : found.pre;
}

std::string TimeZone::local_text(WallTime time) const {
    return cctz::format("%Y-%m-%d %H:%M", to_seconds(time), rules_->zone);
}

}  // namespace dispatcher
