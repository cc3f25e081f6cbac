#include <sstream>

#include "base/error.h"
#include "cli/campaign_run.h"
#include "cli/failure.h"
#include "store/store_error.h"
#include "support/catch.h"

namespace dispatcher::cli {
namespace {

using enum CampaignState;

ReportCounts counts(ReportOutcome outcome) {
    ReportCounts made;
    made.by_outcome[static_cast<std::size_t>(ReportOutcome::delivered)] = 10;
    made.by_outcome[static_cast<std::size_t>(outcome)] = 1;
    return made;
}

int code(LaneStop stop, CampaignState state, std::optional<ReportCounts> found = ReportCounts{}) {
    RunSummary summary;
    summary.stopped = stop;
    summary.state = state;
    return exit_code_of(summary, found);
}

template <class Error>
int failure(const Error& error) {
    std::ostringstream said;
    const auto answer = explain_failure(error, said);
    CHECK_FALSE(said.str().empty());
    return answer;
}

}  // namespace

TEST_CASE("a finished campaign is 0 if every device was delivered, rejected or skipped") {
    for (const auto outcome :
         {ReportOutcome::delivered, ReportOutcome::rejected, ReportOutcome::skipped})
        CHECK(code(LaneStop::none, done, counts(outcome)) == 0);
}

TEST_CASE("devices in doubt or undelivered need a look: 3") {
    CHECK(code(LaneStop::none, done_with_doubt, counts(ReportOutcome::in_doubt)) == 3);
    CHECK(code(LaneStop::none, done, counts(ReportOutcome::undelivered)) == 3);
}

TEST_CASE("an end by somebody else or from outside says whether it is safe to start again") {
    CHECK(code(LaneStop::asked, running) == 5);
    CHECK(code(LaneStop::gateway_lost, running) == 5);
    CHECK(code(LaneStop::store_lost, running, std::nullopt) == 5);
    CHECK(code(LaneStop::campaign_moved, paused) == 5);
    CHECK(code(LaneStop::campaign_moved, cancelled) == 4);
    CHECK(code(LaneStop::campaign_moved, frozen) == 6);
    CHECK(code(LaneStop::campaign_moved, done) == 0);
}

TEST_CASE("a stop by its own judgement is 6") {
    CHECK(code(LaneStop::campaign_fault, paused) == 6);
    CHECK(code(LaneStop::frozen, frozen) == 6);
    CHECK(code(LaneStop::halted, running) == 6);
    CHECK(code(LaneStop::first_reached, paused) == 6);
}

TEST_CASE("each kind of failure has its exit code") {
    CHECK(failure(std::runtime_error("surprise")) == 1);
    CHECK(failure(ConfigError("file.yaml:3:1", "what")) == 2);
    CHECK(failure(RefusedError("no")) == 4);
    CHECK(failure(UnavailableError("later")) == 5);
    CHECK(failure(StoreError(StoreError::Kind::unavailable, "no connection")) == 5);
    CHECK(failure(StoreError(StoreError::Kind::schema, "no tables")) == 5);
    CHECK(failure(StoreError(StoreError::Kind::durability_lost, "went back")) == 6);
}

TEST_CASE("a store that cannot be reached is told with what to look at") {
    std::ostringstream said;
    explain_failure(StoreError(StoreError::Kind::unavailable, "no answer from db:3306"), said);
    CHECK(said.str().find("db:3306") != std::string::npos);
    CHECK(said.str().find("store.url") != std::string::npos);
    CHECK(said.str().find("store.password") != std::string::npos);
}

}  // namespace dispatcher::cli
