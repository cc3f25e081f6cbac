// T10 and what comes with it, over every store: the statement, and FlagStore's order around it.

#include "store/flag_store.h"
#include "store/store_under_test.h"

namespace dispatcher::test {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr ClaimId kMine = make_claim_id({0xFFFFFFF0U}, 7);
constexpr ClaimId kAgain = make_claim_id({0xFFFFFFF0U}, 8);
constexpr IncarnationId kMe{77};

/// A campaign whose only chunk holds a, b, c and d.
struct Scene {
    StoreUnderTest under_test{GENERATE(from_range(store_kinds()))};
    CampaignHead campaign =
        start_campaign(under_test.campaigns(), "spring", {chunk_of(0, "a", "d", 4)});
    std::unique_ptr<StoreSession> session = under_test.store().connect();
    FlagStore flags{under_test.store(), 30s};

    FlagRows::Row operator[](std::string_view appid) {
        const auto flag = flag_of(*session, campaign.scope, appid);
        REQUIRE(flag.has_value());
        return *flag;
    }
    void settle(FlagState to, Reason reason, ClaimId claim_id, std::string_view appid,
                std::uint16_t tries = 1) {
        Settled settled;
        settled.to = to;
        settled.code = {reason, false};
        settled.tries_added = tries;
        settled.from_doubt = true;
        session->settle_keys(campaign.scope, claim_id, settled, std::vector{appid});
    }
    void give(const SecondChance& seen, std::vector<std::string_view> appids) {
        session->give_second_chance(campaign.scope, campaign.id, seen, appids);
    }
    [[nodiscard]] CampaignHead head() const { return *session->read_campaign(campaign.id); }
    [[nodiscard]] ChunkHead chunk() const {
        return session->list_chunks(campaign.id, ChunkNo{0}, 1).at(0);
    }
    /// The campaign ends as it does when its last chunk is closed.
    void end(CampaignState state) {
        session->close_chunk(campaign.id, ChunkNo{0});
        auto now = head();
        now = flags.move(now.id, CampaignState::running, now.epoch, CampaignState::reconciling);
        flags.move(now.id, CampaignState::reconciling, now.epoch, state);
    }
};

AppidList list_of(std::string_view appid) {
    AppidList appids;
    appids.push(appid);
    return appids;
}

}  // namespace

TEST_CASE("a second chance is for rows that are as they were seen", "[store][contract]") {
    Scene scene;
    claim(*scene.session, scene.campaign, kMine, {"a", "b", "c", "d"});
    scene.settle(FlagState::rejected, Reason::unregistered, kMine, "a", 2);
    scene.settle(FlagState::rejected, Reason::unregistered, kMine, "b");
    scene.settle(FlagState::delivered, Reason::none, kMine, "c");
    const SecondChance seen{FlagState::rejected, Reason::unregistered, kMine, 1};

    for (auto other : {SecondChance{FlagState::skipped, Reason::unregistered, kMine, 1},
                       SecondChance{FlagState::rejected, Reason::bad_device_token, kMine, 1},
                       SecondChance{FlagState::rejected, Reason::unregistered, kAgain, 1},
                       SecondChance{FlagState::rejected, Reason::unregistered, kMine, 2}})
        scene.give(other, {"a"});
    CHECK(scene["a"].state == FlagState::rejected);

    scene.give(seen, {"a", "c", "d"});
    const auto released = scene["a"];
    CHECK(released.state == FlagState::released);
    CHECK(released.code == Code{Reason::rejected_before, false});
    CHECK(released.claim.value == 0);
    CHECK(released.claims == 1);
    CHECK(released.tries == 2);
    CHECK(released.tries_before == 2);
    CHECK(released.tries_spent() == 0);
    CHECK(released.due_at.has_value());
    CHECK(scene["b"].state == FlagState::rejected);
    CHECK(scene["c"].state == FlagState::delivered);
    CHECK(scene["d"].state == FlagState::claimed);

    const std::vector<std::string_view> key = {"a"};
    scene.session->reclaim(scene.campaign.scope, scene.campaign.id, kAgain, key);
    scene.settle(FlagState::delivered, Reason::none, kAgain, "a");
    CHECK(scene["a"].tries == 3);
    CHECK(scene["a"].tries_spent() == 1);
}

TEST_CASE("what was ever in doubt gets no second chance", "[store][contract]") {
    Scene scene;
    claim(*scene.session, scene.campaign, kMine, {"a", "b", "c"});
    for (const auto* appid : {"a", "b", "c"})
        scene.settle(FlagState::in_doubt, Reason::timeout, kMine, appid);
    scene.settle(FlagState::rejected, Reason::unregistered, kMine, "a");
    scene.settle(FlagState::released, Reason::unreachable, kMine, "b");
    const std::vector<std::string_view> given_up = {"b"};
    const std::vector<std::string_view> resolved = {"c"};
    scene.session->give_up(scene.campaign.scope, scene.campaign.id, Reason::tries_used_up,
                           given_up);
    scene.session->resolve_keys(scene.campaign.scope, kMine, FlagState::skipped, Reason::resolved,
                                resolved);
    scene.give({FlagState::rejected, Reason::unregistered, kMine, 1}, {"a"});
    scene.give({FlagState::skipped, Reason::tries_used_up, {}, 1}, {"b"});
    scene.give({FlagState::skipped, Reason::resolved, kMine, 1}, {"c"});
    CHECK(scene["a"].state == FlagState::rejected);
    CHECK(scene["b"].state == FlagState::skipped);
    CHECK(scene["c"].state == FlagState::skipped);
}

TEST_CASE("the row of another campaign of the scope gets no second chance from us",
          "[store][contract]") {
    Scene scene;
    const auto sister = start_campaign(scene.under_test.campaigns(), "sister", {}, "spring");
    claim(*scene.session, sister, kMine, {"a"});
    scene.settle(FlagState::rejected, Reason::unregistered, kMine, "a");
    scene.give({FlagState::rejected, Reason::unregistered, kMine, 1}, {"a"});
    CHECK(scene["a"].state == FlagState::rejected);
}

TEST_CASE("tries of another campaign of the scope do not count when its row is taken up",
          "[store][contract]") {
    Scene scene;
    const auto sister = start_campaign(scene.under_test.campaigns(), "sister", {}, "spring");
    claim(*scene.session, sister, kMine, {"a"});
    scene.settle(FlagState::released, Reason::service_unavailable, kMine, "a", 6);
    const std::vector<std::string_view> key = {"a"};
    scene.session->reclaim(scene.campaign.scope, scene.campaign.id, kAgain, key);
    CHECK(scene["a"].campaign == scene.campaign.id);
    CHECK(scene["a"].tries == 6);
    CHECK(scene["a"].tries_spent() == 0);
    scene.settle(FlagState::released, Reason::service_unavailable, kAgain, "a");
    scene.session->reclaim(scene.campaign.scope, scene.campaign.id, kMine, key);
    CHECK(scene["a"].tries_spent() == 1);
}

TEST_CASE("second chances after the end re-open chunk and campaign", "[store][contract]") {
    Scene scene;
    claim(*scene.session, scene.campaign, kMine, {"a", "b", "c", "d"});
    scene.settle(FlagState::rejected, Reason::unregistered, kMine, "a");
    for (const auto* appid : {"b", "c", "d"})
        scene.settle(FlagState::delivered, Reason::none, kMine, appid);
    scene.end(CampaignState::done);
    const SecondChances wrong = {
        {{FlagState::rejected, Reason::unregistered, kAgain, 1}, list_of("a")}};
    CHECK(scene.flags.give_second_chances(scene.campaign, ChunkNo{0}, wrong) == 0);
    CHECK(scene.head().state == CampaignState::done);
    CHECK(scene.chunk().state == ChunkState::closed);

    const SecondChances chances = {
        {{FlagState::rejected, Reason::unregistered, kMine, 1}, list_of("a")}};
    CHECK(scene.flags.give_second_chances(scene.campaign, ChunkNo{0}, chances) == 1);
    CHECK(scene.head().state == CampaignState::reconciling);
    CHECK(scene.chunk().state == ChunkState::open);
    CHECK(scene["a"].state == FlagState::released);
    // A settlement whose answer was lost, run again: no sign of a database that lost a commit.
    Settlement late;
    late.campaign = scene.campaign.id;
    late.scope = scene.campaign.scope;
    late.claim = kMine;
    Settled rejected;
    rejected.to = FlagState::rejected;
    rejected.code.reason = Reason::unregistered;
    late.groups.push_back({rejected, list_of("a")});
    scene.flags.settle(late);
    CHECK(scene["a"].state == FlagState::released);
}

TEST_CASE("a campaign that sends no more gives no second chances", "[store][contract]") {
    const auto state = GENERATE(CampaignState::cancelled, CampaignState::paused);
    Scene scene;
    claim(*scene.session, scene.campaign, kMine, {"a"});
    scene.settle(FlagState::rejected, Reason::unregistered, kMine, "a");
    scene.flags.move(scene.campaign.id, CampaignState::running, scene.campaign.epoch, state);
    const SecondChances chances = {
        {{FlagState::rejected, Reason::unregistered, kMine, 1}, list_of("a")}};
    CHECK(scene.flags.give_second_chances(scene.campaign, ChunkNo{0}, chances) == 0);
    CHECK(scene["a"].state == FlagState::rejected);
}

TEST_CASE("only a lease that has ended is swept where nobody sends", "[store][contract]") {
    Scene scene;
    constexpr IncarnationId kOwner = incarnation_of(kMine);
    scene.session->lease_chunk(scene.campaign.id, ChunkNo{0}, scene.chunk().fence, kOwner, 30s);
    claim(*scene.session, scene.campaign, kMine, {"a", "b"});
    scene.settle(FlagState::delivered, Reason::none, kMine, "b");
    scene.flags.move(scene.campaign.id, CampaignState::running, scene.campaign.epoch,
                     CampaignState::cancelled);
    CHECK(scene.flags.sweep(scene.chunk(), scene.campaign.scope, kMe, {}) == 0);
    CHECK(scene["a"].state == FlagState::claimed);

    const std::vector<IncarnationId> dead = {kOwner};
    const auto before = scene.chunk();
    CHECK(scene.flags.sweep(before, scene.campaign.scope, kMe, dead) == 1);
    CHECK(scene["a"].state == FlagState::in_doubt);
    CHECK(scene["a"].code == Code{Reason::lease_expired, true});
    CHECK(scene["a"].claim == kMine);
    CHECK(scene["b"].state == FlagState::delivered);
    CHECK(scene.chunk().state == ChunkState::open);
    CHECK(scene.chunk().fence.value == before.fence.value + 1);
    CHECK(scene.flags.sweep(scene.chunk(), scene.campaign.scope, kMe, dead) == 0);
}

}  // namespace dispatcher::test
