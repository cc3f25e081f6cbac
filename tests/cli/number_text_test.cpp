#include "cli/number_text.h"

#include "cli/campaign_view.h"
#include "support/catch.h"

namespace dispatcher::cli {

TEST_CASE("numbers for people have separators") {
    CHECK(with_separators(0) == "0");
    CHECK(with_separators(999) == "999");
    CHECK(with_separators(1000) == "1,000");
    CHECK(with_separators(1204331) == "1,204,331");
    CHECK(count_of(1, "device") == "1 device");
    CHECK(count_of(1024, "device") == "1,024 devices");
}

TEST_CASE("sizes and durations are told in the unit that people would use") {
    CHECK(size_text(999) == "999 B");
    CHECK(size_text(1'400) == "1.4 KB");
    CHECK(size_text(12'300'000) == "12.3 MB");
    using std::chrono::milliseconds;
    CHECK(duration_text(milliseconds(400)) == "0.4 s");
    CHECK(duration_text(milliseconds(12'000)) == "12 s");
    CHECK(duration_text(milliseconds(200'000)) == "3 min 20 s");
    CHECK(duration_text(milliseconds(7'500'000)) == "2 h 05 min");
}

TEST_CASE("what a dead process left is told in one sentence") {
    Recovered recovered;
    CHECK(recovered_sentence(recovered).empty());
    recovered.never_sent = 611;
    recovered.answered = 371;
    recovered.in_doubt = 42;
    CHECK(recovered_sentence(recovered) ==
          "1,024 claimed: 611 never left this machine, 371 were answered, 42 are in doubt");
    recovered.refused = 5;
    CHECK(
        recovered_sentence(recovered) ==
        "1,029 claimed: 611 never left this machine, 5 refused unprocessed, 371 were answered, 42 "
        "are in doubt");
}

TEST_CASE("a restart says first how the campaign stands") {
    ReportCounts counts;
    counts.by_outcome[static_cast<std::size_t>(ReportOutcome::delivered)] = 9000;
    counts.by_outcome[static_cast<std::size_t>(ReportOutcome::rejected)] = 50;
    counts.by_outcome[static_cast<std::size_t>(ReportOutcome::in_doubt)] = 3;
    counts.retryable = 12;
    counts.never_tried = 935;
    CHECK(standing_sentence(counts) ==
          "delivered 9,000, rejected 50, retryable 12, in doubt 3, never tried 935");
    counts.claimed = 1024;
    CHECK(standing_sentence(counts) ==
          "delivered 9,000, rejected 50, retryable 12, in doubt 3, never tried 935, claimed 1,024");
}

}  // namespace dispatcher::cli
