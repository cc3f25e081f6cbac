#include "campaign/campaign_state.h"

#include <set>
#include <utility>

#include "support/catch.h"

using namespace dispatcher;
using enum CampaignState;

TEST_CASE("campaigns move as the table says, and no other way", "[unit]") {
    const std::set<std::pair<CampaignState, CampaignState>> table = {
        {draft, sealed},
        {sealed, running},
        {sealed, cancelled},
        {sealed, frozen},
        {sealed, purged},
        {running, paused},
        {running, reconciling},
        {running, cancelled},
        {running, frozen},
        {paused, running},
        {paused, cancelled},
        {paused, frozen},
        {reconciling, running},
        {reconciling, paused},
        {reconciling, done},
        {reconciling, done_with_doubt},
        {reconciling, cancelled},
        {reconciling, frozen},
        {done, reconciling},
        {done, frozen},
        {done, purged},
        {done_with_doubt, reconciling},
        {done_with_doubt, frozen},
        {done_with_doubt, purged},
        {cancelled, frozen},
        {cancelled, purged},
        {frozen, running},
        {frozen, cancelled},
    };
    for (int from = 0; from <= 9; ++from)
        for (int to = 0; to <= 9; ++to) {
            const auto a = static_cast<CampaignState>(from);
            const auto b = static_cast<CampaignState>(to);
            INFO(to_string(a) << " to " << to_string(b));
            CHECK(may_move(a, b) == table.contains({a, b}));
        }
}

TEST_CASE("a finished campaign has nothing left to claim", "[unit]") {
    for (const auto state : {done, done_with_doubt, cancelled, purged})
        CHECK(is_finished(state));
    for (const auto state : {draft, sealed, running, paused, reconciling, frozen})
        CHECK_FALSE(is_finished(state));
}

TEST_CASE("every campaign state has its name", "[unit]") {
    CHECK(to_string(draft) == "draft");
    CHECK(to_string(done_with_doubt) == "done_with_doubt");
    CHECK(to_string(purged) == "purged");
}
