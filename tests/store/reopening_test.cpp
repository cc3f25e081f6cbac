// Late releases in a scope that several campaigns share, over every store.

#include <algorithm>

#include "store/flag_store.h"
#include "store/store_under_test.h"

namespace dispatcher::test {
namespace {

using namespace std::chrono_literals;
using enum CampaignState;

constexpr ClaimId kClaim = make_claim_id({9}, 1);

/// Two campaigns of one scope with the same recipient, which the first one has claimed.
struct Scope {
    StoreUnderTest under_test{GENERATE(from_range(store_kinds()))};
    CampaignHead first =
        start_campaign(under_test.campaigns(), "spring", {chunk_of(0, "a", "d", 4)});
    CampaignHead second =
        start_campaign(under_test.campaigns(), "spring-2", {chunk_of(0, "a", "d", 4)}, "spring");
    std::unique_ptr<StoreSession> session = under_test.store().connect();
    FlagStore flags{under_test.store(), 30s};

    Scope() {
        REQUIRE(first.scope == second.scope);
        claim(*session, first, kClaim, {"a"});
    }
    [[nodiscard]] CampaignHead head(const CampaignHead& of) const {
        return *session->read_campaign(of.id);
    }
    void move(const CampaignHead& of, std::vector<CampaignState> states) {
        for (const auto to : states) {
            const auto now = head(of);
            flags.move(now.id, now.state, now.epoch, to);
            REQUIRE(head(of).state == to);
        }
    }
    /// The first campaign gives its recipient back.
    void release() {
        Settlement late;
        late.campaign = first.id;
        late.scope = first.scope;
        late.claim = kClaim;
        Settled released;
        released.to = FlagState::released;
        released.code.reason = Reason::stopped;
        AppidList appids;
        appids.push("a");
        late.groups.push_back({released, appids});
        flags.settle(late);
        REQUIRE(flag_of(*session, first.scope, "a")->state == FlagState::released);
    }
};

}  // namespace

TEST_CASE("a late release of a cancelled campaign re-opens a finished one of its scope",
          "[store][contract]") {
    Scope scope;
    scope.move(scope.second, {reconciling, done});
    scope.move(scope.first, {cancelled});
    const auto before = scope.head(scope.second);
    scope.release();
    CHECK(scope.head(scope.second).state == reconciling);
    CHECK(scope.head(scope.second).epoch == before.epoch + 1);
    CHECK(scope.head(scope.first).state == cancelled);
}

TEST_CASE("a late release ends a last pass of the scope that may have missed it",
          "[store][contract]") {
    Scope scope;
    scope.move(scope.second, {reconciling});
    scope.move(scope.first, {cancelled});
    const auto pass = scope.head(scope.second);
    scope.release();
    scope.session->close_chunk(scope.second.id, ChunkNo{0});
    const auto after = scope.flags.finish_campaign(scope.second.id, pass.epoch, done);
    CHECK(after.state == reconciling);
    CHECK(after.epoch == pass.epoch + 1);
}

TEST_CASE("what a campaign will send itself leaves others of its scope alone",
          "[store][contract]") {
    Scope scope;
    scope.move(scope.second, {reconciling, done});
    const auto before = scope.head(scope.second);
    SECTION("it runs") {
        scope.release();
    }
    SECTION("it was finished, and runs again for it") {
        scope.session->close_chunk(scope.first.id, ChunkNo{0});
        scope.move(scope.first, {reconciling, done});
        scope.release();
        CHECK(scope.head(scope.first).state == reconciling);
        CHECK(scope.session->list_chunks(scope.first.id, ChunkNo{0}, 1).at(0).state ==
              ChunkState::open);
    }
    CHECK(scope.head(scope.second).state == done);
    CHECK(scope.head(scope.second).epoch == before.epoch);
}

TEST_CASE("a cancelled campaign leaves what it gave back to those of its scope that are done",
          "[store][contract]") {
    Scope scope;
    scope.move(scope.second, {reconciling, done});
    scope.release();
    CHECK(scope.head(scope.second).state == done);
    scope.move(scope.first, {cancelled});
    const auto reopened = scope.flags.reopen_sisters(scope.head(scope.first));
    REQUIRE(reopened.size() == 1);
    CHECK(reopened[0].id == scope.second.id);
    CHECK(reopened[0].epoch == scope.head(scope.second).epoch);
    CHECK(scope.head(scope.second).state == reconciling);
}

TEST_CASE("a scope lists its campaigns that may still send", "[store][contract]") {
    Scope scope;
    const auto other = start_campaign(scope.under_test.campaigns(), "autumn");
    std::vector<CampaignId> both = {scope.first.id, scope.second.id};
    std::sort(both.begin(), both.end());
    CHECK(scope.session->list_scope(scope.first.scope) == both);
    CHECK(scope.session->list_scope(other.scope) == std::vector{other.id});
    scope.move(scope.first, {cancelled});
    CHECK(scope.session->list_scope(scope.first.scope) == std::vector{scope.second.id});
}

}  // namespace dispatcher::test
