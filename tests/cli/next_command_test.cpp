#include "cli/next_command.h"

#include "support/catch.h"

namespace dispatcher::cli {
namespace {

using enum CampaignState;

std::string next(CampaignState state, bool is_worked_on = false, std::uint64_t in_doubt = 0) {
    ReportCounts counts;
    counts.by_outcome[static_cast<std::size_t>(ReportOutcome::in_doubt)] = in_doubt;
    return next_command({state, "sale", counts, is_worked_on});
}

bool names(const std::string& text, const std::string& command) {
    return text.find("`" + command) != std::string::npos;
}

}  // namespace

TEST_CASE("every state has a next sensible command") {
    CHECK(names(next(sealed), "pushonce restart sale`"));
    CHECK(names(next(running, true), "pushonce status sale --watch`"));
    CHECK(names(next(running, false), "pushonce restart sale`"));
    CHECK(names(next(reconciling, true), "pushonce status sale --watch`"));
    CHECK(names(next(reconciling, false), "pushonce restart sale`"));
    CHECK(names(next(paused), "pushonce resume sale --because"));
    CHECK(names(next(done), "pushonce report sale`"));
    CHECK(names(next(done_with_doubt, false, 3), "pushonce resolve sale"));
    CHECK(names(next(cancelled), "pushonce report sale`"));
    CHECK(names(next(cancelled, false, 1), "pushonce resolve sale"));
    CHECK(names(next(frozen), "pushonce doctor`"));
    Situation halted{running, "sale", {}, false, PauseCause::operators, true};
    CHECK(names(next_command(halted), "pushonce unhalt --because"));
    halted.state = done;
    CHECK(names(next_command(halted), "pushonce report sale`"));
    CHECK_FALSE(next(purged).empty());
}

TEST_CASE("what a finished campaign left is said first") {
    ReportCounts counts;
    counts.retryable = 1;
    CHECK(names(next_command({done, "sale", counts}), "pushonce restart sale`"));
    counts = {};
    counts.by_outcome[static_cast<std::size_t>(ReportOutcome::undelivered)] = 2;
    CHECK(
        names(next_command({done, "sale", counts}), "pushonce restart sale --include undelivered"));
    counts = {};
    counts.claimed = 3;
    CHECK(names(next_command({cancelled, "sale", counts}), "pushonce restart sale`"));
}

TEST_CASE("a pause is lifted, and what it interrupted is taken up") {
    CHECK(names(next(paused), "pushonce restart sale`"));
    CHECK_FALSE(names(next(paused, true), "pushonce restart sale`"));  // a worker waits for it
    Situation own{paused, "sale", {}, false, PauseCause::fault};
    CHECK(names(next_command(own), "pushonce doctor`"));
    CHECK(names(next_command(own), "pushonce resume sale --because"));
    const auto gone = next_command({paused, "sale", {}, false, PauseCause::addresses});
    CHECK(names(gone, "pushonce set sale max_gone=100%`"));
    CHECK(names(gone, "pushonce resume sale --because"));
    CHECK_FALSE(names(gone, "pushonce doctor`"));
    const auto look = next_command({paused, "sale", {}, false, PauseCause::first_look});
    CHECK(names(look, "pushonce report sale`"));
    CHECK_FALSE(names(look, "pushonce doctor`"));
}

TEST_CASE("what is left over at the end has its command, doubt before anything else") {
    ReportCounts counts;
    counts.by_outcome[static_cast<std::size_t>(ReportOutcome::undelivered)] = 2;
    const auto text = next_command({done, "sale", counts});
    CHECK(names(text, "pushonce report sale`"));
    CHECK(text.find("2 devices that were not reached") != std::string::npos);
    counts.by_outcome[static_cast<std::size_t>(ReportOutcome::in_doubt)] = 1;
    CHECK(names(next_command({done_with_doubt, "sale", counts}), "pushonce resolve sale"));
    CHECK(next(cancelled).find("once_per: sale") != std::string::npos);
    CHECK(names(next(purged), "pushonce show sale`"));
}

}  // namespace dispatcher::cli
