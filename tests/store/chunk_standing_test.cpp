#include "store/chunk_standing.h"

#include "support/catch.h"

namespace dispatcher {
namespace {

constexpr CampaignId kMine{1};
constexpr CampaignId kOther{2};
constexpr std::uint16_t kAttempts = 3;
constexpr WallTime kNow{std::chrono::hours{1}};

AppidList one_key() {
    AppidList keys;
    keys.push("a");
    return keys;
}

/// A chunk of one recipient, whose flag is in this state.
ChunkStanding stand(FlagState state, CampaignId holder, std::uint16_t tries) {
    FlagRows flags;
    flags.appids.push("a");
    FlagRows::Row row;
    row.campaign = holder;
    row.state = state;
    row.tries = tries;
    flags.rows.push_back(row);
    static const auto keys = one_key();
    return stand_of(kMine, keys, flags, kAttempts, false, kNow);
}

}  // namespace

TEST_CASE("a recipient whose tries we used up is given up") {
    const auto standing = stand(FlagState::released, kMine, kAttempts);
    CHECK(standing.exhausted.size() == 1);
    CHECK(standing.is_settled);
}

TEST_CASE("tries that another campaign used up leave the recipient to us") {
    const auto standing = stand(FlagState::released, kOther, kAttempts);
    CHECK(standing.exhausted.empty());
    CHECK(standing.released == 1);
    CHECK_FALSE(standing.is_settled);

    FlagRows::Row released;
    released.campaign = kOther;
    released.tries = kAttempts;
    CHECK(has_tries_left(released, kMine, kAttempts));
    CHECK_FALSE(has_tries_left(released, kOther, kAttempts));
}

TEST_CASE("a chunk is not settled while we hold a claim in it, but may be while another does") {
    CHECK_FALSE(stand(FlagState::claimed, kMine, 0).is_settled);
    CHECK(stand(FlagState::claimed, kOther, 0).is_settled);
}

TEST_CASE("after a second chance tries count from anew") {
    FlagRows::Row released;
    released.campaign = kMine;
    released.tries = kAttempts + 1;
    released.tries_before = kAttempts;
    CHECK(has_tries_left(released, kMine, kAttempts));
    released.tries = 2 * kAttempts;
    CHECK_FALSE(has_tries_left(released, kMine, kAttempts));
}

TEST_CASE("the doubt of another campaign of the scope is not ours") {
    CHECK(stand(FlagState::in_doubt, kMine, 1).in_doubt == 1);
    const auto standing = stand(FlagState::in_doubt, kOther, 1);
    CHECK(standing.in_doubt == 0);
    CHECK(standing.is_settled);
}

TEST_CASE("an unfinished chunk is due when somebody in it can be sent to") {
    using std::chrono::minutes;
    ChunkStanding standing;
    CHECK(standing.due_in(kNow, {}).count() > 0);  // what others hold is not waited for busily
    standing.next_due = standing.next_later = kNow + minutes{5};
    CHECK(standing.due_in(kNow, {}) == minutes{5});
    standing.unclaimed = 1;
    CHECK(standing.due_in(kNow, {}) == minutes{0});
    // Whoever waits for a send window does not make the others wait.
    CHECK(standing.due_in(kNow, kNow + minutes{30}) == minutes{5});
    CHECK(standing.due_in(kNow, kNow + minutes{3}) == minutes{3});
    standing.unclaimed = 0;
    standing.next_due = kNow - minutes{1};
    CHECK(standing.due_in(kNow, kNow + minutes{30}) == minutes{5});
    standing.next_later.reset();
    CHECK(standing.due_in(kNow, kNow + minutes{30}) == minutes{30});
    CHECK(standing.due_in(kNow, {}) == minutes{0});
}

}  // namespace dispatcher
