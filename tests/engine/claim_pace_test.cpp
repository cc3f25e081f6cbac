#include "engine/claim_pace.h"

#include "support/catch.h"

namespace dispatcher {
namespace {

using std::chrono::milliseconds;

BootTime at(int ms) {
    return BootTime(std::chrono::hours(1) + milliseconds(ms));
}

}  // namespace

TEST_CASE("claims grow while the sender waits for them, up to the most", "[unit]") {
    ClaimPace pace(1000);
    CHECK(pace.rows() == 100);
    for (int claim = 0; claim < 5; ++claim)
        pace.observe(at(claim), 0, true);
    CHECK(pace.rows() == 1000);
    CHECK(ClaimPace(7).rows() == 7);
}

TEST_CASE("a claim asks for what the sender begins in a third of a second", "[unit]") {
    ClaimPace pace(1000);
    pace.observe(at(0), 0, true);
    pace.observe(at(100), 10, false);  // too soon to tell
    CHECK(pace.rows() == 200);
    pace.observe(at(1000), 200, false);
    CHECK(pace.rows() == 60);
    pace.observe(at(2000), 200, false);
    CHECK(pace.rows() == 5);
    pace.observe(at(3000), 20'200, false);
    CHECK(pace.rows() == 1000);
}

}  // namespace dispatcher
