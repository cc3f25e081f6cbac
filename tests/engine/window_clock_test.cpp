#include "engine/window_clock.h"

#include "support/catch.h"

namespace dispatcher {
namespace {

using namespace std::chrono_literals;

/// 2027-03-01T00:00:00Z, a Monday.
constexpr WallTime kMidnight{std::chrono::sys_days{std::chrono::year{2027} / 3 / 1}};

SendWindow window(std::chrono::minutes from, std::chrono::minutes to, std::string zone) {
    SendWindow window;
    window.from = from;
    window.to = to;
    window.zone = std::move(zone);
    return window;
}

std::optional<WallTime> opening(const SendWindow& window, WallTime now) {
    return next_opening(window, *TimeZone::find(window.zone), now);
}

}  // namespace

TEST_CASE("a send window is open from its first minute up to its last") {
    const auto day = window(9h, 21h, "Europe/Berlin");  // 08:00 to 20:00 UTC
    CHECK(opening(day, kMidnight + 8h) == std::nullopt);
    CHECK(opening(day, kMidnight + 20h - 1ms) == std::nullopt);
    CHECK(opening(day, kMidnight + 8h - 1ms) == kMidnight + 8h);
    CHECK(opening(day, kMidnight + 20h) == kMidnight + 32h);
    const auto all_day = window(0h, 24h, "UTC");
    CHECK(opening(all_day, kMidnight) == std::nullopt);
    CHECK(opening(all_day, kMidnight + 24h - 1ms) == std::nullopt);
}

TEST_CASE("a send window may lie across midnight") {
    const auto night = window(21h, 6h, "UTC");
    CHECK(opening(night, kMidnight + 5h) == std::nullopt);
    CHECK(opening(night, kMidnight + 6h) == kMidnight + 21h);
    CHECK(opening(night, kMidnight + 22h) == std::nullopt);
}

TEST_CASE("a window that a jump of the clocks swallows opens the day after") {
    // On 2027-03-28 clocks in Berlin jump from 02:00 to 03:00.
    const auto lost = window(2h, 2h + 30min, "Europe/Berlin");
    const WallTime jump{std::chrono::sys_days{std::chrono::year{2027} / 3 / 28} + 1h};
    CHECK(opening(lost, jump - 30min) == jump + 23h);
    CHECK(opening(lost, jump) == jump + 23h);
    const auto through = window(1h + 30min, 4h, "Europe/Berlin");
    CHECK(opening(through, jump) == std::nullopt);
}

TEST_CASE("recipients are sent to by their own clocks") {
    ChunkWriter writer;
    writer.add("a", {"Europe/Berlin"});
    writer.add("b", {"America/New_York"});
    writer.add("c", {""});
    const ChunkData data(writer.finish().data);
    const std::vector<std::string> columns{"timezone"};
    WindowClock clock(columns);
    Settings settings;
    CampaignHead head;
    head.now = kMidnight + 10h;
    clock.follow(settings, head, BootTime{});
    CHECK_FALSE(clock.opens_at(data, 0, BootTime{}).has_value());

    settings.send_window = window(9h, 21h, std::string(SendWindow::kRecipient));
    clock.follow(settings, head, BootTime{});
    CHECK_FALSE(clock.opens_at(data, 0, BootTime{}).has_value());
    CHECK(clock.opens_at(data, 1, BootTime{}) == kMidnight + 14h);
    CHECK_FALSE(clock.opens_at(data, 2, BootTime{}).has_value());  // no zone: UTC
    // The database's clock goes on with ours.
    CHECK(clock.opens_at(data, 0, BootTime{10h}) == kMidnight + 32h);
    CHECK_FALSE(clock.opens_at(data, 1, BootTime{4h}).has_value());
    CHECK(clock.opens_at(data, 2, BootTime{11h}) == kMidnight + 33h);
}

}  // namespace dispatcher
