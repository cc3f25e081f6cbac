#include "base/time_zone.h"

#include "support/catch.h"

namespace dispatcher {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

WallTime utc(int year, unsigned month, unsigned day, std::chrono::minutes time = 0min) {
    return std::chrono::sys_days{std::chrono::year{year} / static_cast<int>(month) /
                                 static_cast<int>(day)} +
           time;
}

}  // namespace

TEST_CASE("a time zone knows when its clocks show a time") {
    const auto berlin = *TimeZone::find("Europe/Berlin");
    const auto day = berlin.day_of(utc(2027, 3, 1));
    CHECK(berlin.time_of(day, 9h) == utc(2027, 3, 1, 8h));
    CHECK(berlin.time_of(day, 24h) == utc(2027, 3, 1, 23h));
    CHECK(berlin.day_of(utc(2027, 3, 1, 23h)) == day + days{1});
    CHECK(berlin.local_text(utc(2027, 3, 1, 8h)) == "2027-03-01 09:00");
    const auto before_the_epoch = TimeZone::find("America/New_York")->day_of(WallTime{});
    CHECK(before_the_epoch == days{-1});
}

TEST_CASE("a time that the clocks skip is the moment of their jump, of one shown twice the first") {
    const auto berlin = *TimeZone::find("Europe/Berlin");
    const auto spring = berlin.day_of(utc(2027, 3, 28, 12h));
    CHECK(berlin.time_of(spring, 2h + 30min) == utc(2027, 3, 28, 1h));
    const auto autumn = berlin.day_of(utc(2027, 10, 31, 12h));
    CHECK(berlin.time_of(autumn, 2h + 30min) == utc(2027, 10, 31, 30min));
}

TEST_CASE("only names of the tz database are time zones") {
    CHECK(TimeZone::find("UTC").has_value());
    for (const auto* name : {"", "Europe/Berlln", "/etc/passwd", "../zoneinfo/UTC", "file:UTC",
                             "Fixed/UTC+01:00:00", "localtime/x"})
        CHECK_FALSE(TimeZone::find(name).has_value());
}

}  // namespace dispatcher
