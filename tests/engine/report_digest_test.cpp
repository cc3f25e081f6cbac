#include "engine/report_digest.h"

#include <fmt/format.h>

#include "support/catch.h"

namespace dispatcher {
namespace {

ReportLine line(ReportOutcome outcome, std::string reason = {}) {
    ReportLine made;
    made.campaign = "sale";
    made.appid = "d-1";
    made.reported = {outcome, std::move(reason)};
    made.gateway = "apns";
    made.tries = 1;
    made.settled_at = WallTime(std::chrono::seconds(1'803'891'600));
    return made;
}

}  // namespace

TEST_CASE("a digest counts every line once in each of its groups") {
    ReportDigest digest;
    auto german = line(ReportOutcome::delivered);
    german.locale = "de";
    german.tries = 3;
    digest.add(german);
    digest.add(line(ReportOutcome::rejected, "unregistered"));
    digest.add(line(ReportOutcome::rejected, "unregistered"));
    CHECK(digest.total() == 3);
    CHECK(digest.of(ReportOutcome::rejected) == 2);
    CHECK(digest.by_gateway().at("apns")[0] == 1);
    CHECK(digest.by_gateway().at("apns")[1] == 2);
    CHECK(digest.by_locale().at("de")[0] == 1);
    CHECK(digest.by_locale().at("")[1] == 2);
    CHECK(digest.by_reason().at({ReportOutcome::rejected, "unregistered"}) == 2);
    CHECK(digest.tries() == 5);
    CHECK(digest.retried() == 1);
    CHECK(digest.accepted().events() == 1);
}

TEST_CASE("what somebody assumed is delivered, and was accepted at no known time") {
    ReportDigest digest;
    digest.add(line(ReportOutcome::delivered, "assumed"));
    CHECK(digest.of(ReportOutcome::delivered) == 1);
    CHECK(digest.accepted().events() == 0);
}

TEST_CASE("devices in doubt are itemised up to a bound and counted beyond it") {
    ReportDigest digest;
    for (int i = 0; i < 250; ++i)
        digest.add(line(ReportOutcome::in_doubt,
                        fmt::format("timeout:2027-03-01T09:00:{:02}.000Z", i % 60)));
    CHECK(digest.of(ReportOutcome::in_doubt) == 250);
    CHECK(digest.doubtful().size() == ReportDigest::kDoubtfulMax);
    // The class is the group; each device has a time of its own.
    CHECK(digest.by_reason().size() == 1);
    CHECK(digest.by_reason().at({ReportOutcome::in_doubt, "timeout"}) == 250);
}

TEST_CASE("an audience with a locale for everyone does not make the digest grow") {
    ReportDigest digest;
    for (int i = 0; i < 1000; ++i) {
        const auto name = fmt::format("x-{}", i);
        auto each = line(ReportOutcome::skipped, "already_by:" + name);
        each.locale = name;
        digest.add(each);
    }
    CHECK(digest.by_locale().size() == ReportDigest::kGroupsMax + 1);
    CHECK(digest.by_reason().size() == ReportDigest::kGroupsMax + 1);
    CHECK(digest.by_locale().at(std::string(ReportDigest::kOthers))[3] ==
          1000 - ReportDigest::kGroupsMax);
}

}  // namespace dispatcher
