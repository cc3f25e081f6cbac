#include "engine/reported_outcome.h"

#include "engine/report_counts.h"
#include "support/catch.h"

namespace dispatcher {
namespace {

constexpr CampaignId kOwn{7};
constexpr CampaignId kOther{9};

std::string other_name(CampaignId) {
    return "other-sale";
}

FlagRows::Row row(FlagState state, Reason reason = Reason::none, CampaignId campaign = kOwn) {
    FlagRows::Row made;
    made.campaign = campaign;
    made.state = state;
    made.code.reason = reason;
    made.changed_at = WallTime(std::chrono::milliseconds(1'803'891'603'123));
    return made;
}

ReportedOutcome report(CampaignState state, bool is_expired, std::optional<FlagRows::Row> flag) {
    const CampaignStanding standing{kOwn, state, is_expired};
    return reported_outcome(standing, flag ? &*flag : nullptr, other_name);
}

using enum CampaignState;
using Outcome = ReportOutcome;

}  // namespace

TEST_CASE("a recipient without a flag is pending until the campaign cannot send any more") {
    CHECK(report(running, false, {}) == ReportedOutcome{Outcome::pending, ""});
    CHECK(report(paused, false, {}) == ReportedOutcome{Outcome::pending, ""});
    CHECK(report(done, true, {}) == ReportedOutcome{Outcome::skipped, "expired"});
    CHECK(report(cancelled, false, {}) == ReportedOutcome{Outcome::skipped, "cancelled"});
    CHECK(report(cancelled, true, {}) == ReportedOutcome{Outcome::skipped, "cancelled"});
}

TEST_CASE("a settled flag is reported as it is, whatever became of the campaign") {
    for (const auto state : {running, done, cancelled, frozen}) {
        CHECK(report(state, true, row(FlagState::delivered)) ==
              ReportedOutcome{Outcome::delivered, ""});
        CHECK(report(state, true, row(FlagState::delivered, Reason::assumed)) ==
              ReportedOutcome{Outcome::delivered, "assumed"});
        CHECK(report(state, true, row(FlagState::rejected, Reason::unregistered)) ==
              ReportedOutcome{Outcome::rejected, "unregistered"});
        CHECK(report(state, true, row(FlagState::skipped, Reason::resolved)) ==
              ReportedOutcome{Outcome::skipped, "resolved"});
        CHECK(report(state, true, row(FlagState::skipped, Reason::tries_used_up)) ==
              ReportedOutcome{Outcome::undelivered, "tries_used_up"});
        CHECK(report(state, true, row(FlagState::skipped, Reason::expired)) ==
              ReportedOutcome{Outcome::undelivered, "expired"});
    }
}

TEST_CASE("whoever opted out is skipped as such, whichever campaign of the scope met them") {
    const ReportedOutcome suppressed{Outcome::skipped, "suppressed"};
    CHECK(report(done, false, row(FlagState::skipped, Reason::suppressed)) == suppressed);
    CHECK(report(done, false, row(FlagState::skipped, Reason::suppressed, kOther)) == suppressed);
}

TEST_CASE("doubt names its class and its time") {
    CHECK(report(done_with_doubt, false, row(FlagState::in_doubt, Reason::connection_lost)) ==
          ReportedOutcome{Outcome::in_doubt, "connection_lost:2027-03-01T09:00:03.123Z"});
}

TEST_CASE("a claimed recipient is pending, also in a cancelled campaign") {
    CHECK(report(running, false, row(FlagState::claimed)) == ReportedOutcome{Outcome::pending, ""});
    CHECK(report(cancelled, false, row(FlagState::claimed)) ==
          ReportedOutcome{Outcome::pending, ""});
}

TEST_CASE("a released recipient waits for its next try, or is not delivered any more") {
    const auto flag = row(FlagState::released, Reason::too_many_requests);
    CHECK(report(running, false, flag) == ReportedOutcome{Outcome::pending, "too_many_requests"});
    CHECK(report(running, true, flag) == ReportedOutcome{Outcome::undelivered, "expired"});
    CHECK(report(cancelled, false, flag) == ReportedOutcome{Outcome::skipped, "cancelled"});
}

TEST_CASE("a flag of another campaign of the scope counts as already notified unless released") {
    for (const auto state : {FlagState::claimed, FlagState::delivered, FlagState::rejected,
                             FlagState::in_doubt, FlagState::skipped})
        CHECK(report(running, false, row(state, Reason::none, kOther)) ==
              ReportedOutcome{Outcome::skipped, "already_by:other-sale"});
    const auto released = row(FlagState::released, Reason::stopped, kOther);
    CHECK(report(running, false, released) == ReportedOutcome{Outcome::pending, ""});
    CHECK(report(running, true, released) == ReportedOutcome{Outcome::skipped, "expired"});
    CHECK(report(cancelled, false, released) == ReportedOutcome{Outcome::skipped, "cancelled"});
}

TEST_CASE("counts tell what would happen to the pending ones") {
    const CampaignStanding standing{kOwn, running, false};
    ReportCounts counts;
    const auto add = [&](std::optional<FlagRows::Row> flag, std::uint64_t rows) {
        const auto* found = flag ? &*flag : nullptr;
        counts.add(standing, found, reported_outcome(standing, found, other_name), rows);
    };
    add({}, 100);
    add(row(FlagState::claimed), 20);
    add(row(FlagState::released, Reason::stopped), 3);
    add(row(FlagState::released, Reason::stopped, kOther), 4);
    add(row(FlagState::delivered), 5000);
    add(row(FlagState::in_doubt, Reason::killed), 6);
    CHECK(counts.never_tried == 100);
    CHECK(counts.claimed == 20);
    CHECK(counts.retryable == 7);
    CHECK(counts.of(Outcome::pending) == 127);
    CHECK(counts.total() == 5133);
    CHECK(counts.settled() == 5006);
    CHECK(counts.by_reason.at({Outcome::in_doubt, "killed"}) == 6);
}

}  // namespace dispatcher
