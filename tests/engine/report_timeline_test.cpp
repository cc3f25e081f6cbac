#include "engine/report_timeline.h"

#include "support/catch.h"

namespace dispatcher {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNoon{1'803'891'600s};

std::uint64_t events_in(const std::vector<ReportTimeline::Bin>& bins) {
    std::uint64_t events = 0;
    for (const auto& bin : bins)
        events += bin.events;
    return events;
}

}  // namespace

TEST_CASE("a timeline without events has no bins") {
    const ReportTimeline timeline;
    CHECK(timeline.bins().empty());
    CHECK_FALSE(timeline.first());
}

TEST_CASE("events fall into bins of a second, and empty ones between them are there") {
    ReportTimeline timeline;
    timeline.add(kNoon + 3100ms);
    timeline.add(kNoon + 100ms);
    timeline.add(kNoon + 900ms);
    const auto bins = timeline.bins();
    REQUIRE(bins.size() == 4);
    CHECK(bins[0].begin == kNoon);
    CHECK(bins[0].events == 2);
    CHECK(bins[1].events == 0);
    CHECK(bins[3].events == 1);
    CHECK(timeline.width() == 1s);
    CHECK(timeline.first() == kNoon + 100ms);
    CHECK(timeline.last() == kNoon + 3100ms);
}

TEST_CASE("a longer span widens the bins, loses no event and stays in bounds") {
    ReportTimeline timeline;
    // Out of order, over some eleven days: as chunks of several gateways come.
    for (std::int64_t i = 0; i < 100'000; ++i)
        timeline.add(kNoon + std::chrono::seconds(i * 7919 % 1'000'000));
    const auto bins = timeline.bins();
    CHECK(bins.size() <= ReportTimeline::kBinsMax);
    CHECK(bins.size() > ReportTimeline::kBinsMax / 3);
    CHECK(events_in(bins) == 100'000);
    CHECK(timeline.events() == 100'000);
    CHECK(bins.front().begin <= *timeline.first());
    CHECK(bins.back().begin + timeline.width() > *timeline.last());
}

TEST_CASE("a far outlier does not make the timeline grow") {
    ReportTimeline timeline;
    timeline.add(WallTime{});
    timeline.add(kNoon);
    CHECK(timeline.bins().size() <= ReportTimeline::kBinsMax);
    CHECK(events_in(timeline.bins()) == 2);
}

}  // namespace dispatcher
