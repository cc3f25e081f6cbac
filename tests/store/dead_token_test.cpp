// Dead device tokens, over every store: the statements, and their place in a settlement.

#include "store/flag_store.h"
#include "store/store_under_test.h"

namespace dispatcher::test {
namespace {

using namespace std::chrono_literals;

constexpr ClaimId kMine = make_claim_id({0xFFFFFFF0U}, 7);

DeadToken dead(char mark, std::optional<WallTime> since = {},
               Reason reason = Reason::unregistered) {
    DeadToken token;
    token.mark = std::string(32, mark);
    token.reason = reason;
    token.dead_since = since;
    return token;
}

struct Scene {
    StoreUnderTest under_test{GENERATE(from_range(store_kinds()))};
    std::unique_ptr<StoreSession> session = under_test.store().connect();

    void note(const std::vector<DeadToken>& tokens) {
        session->begin();
        session->note_dead_tokens(tokens);
        session->commit();
    }
    std::vector<DeadToken> read(std::string_view letters) {
        std::vector<std::string> marks;
        for (const char letter : letters)
            marks.emplace_back(32, letter);
        return session->read_dead_tokens(views_of(marks));
    }
};

}  // namespace

TEST_CASE("dead tokens are known by their marks alone", "[store][contract]") {
    Scene scene;
    CHECK_FALSE(scene.session->has_dead_tokens());
    CHECK(scene.read("a").empty());
    CHECK(scene.read("").empty());
    const WallTime since(1'700'000'000'123ms);
    // Two devices may share a token.
    scene.note({dead('\0', since), dead('\xFF'), dead('\xFF')});
    CHECK(scene.session->has_dead_tokens());
    const std::string marks("\0a\xFF", 3);
    const auto known = scene.read(marks);
    REQUIRE(known.size() == 2);
    CHECK(known[0].mark == std::string(32, '\0'));
    CHECK(known[0].reason == Reason::unregistered);
    CHECK(known[0].dead_since == since);
    CHECK(known[0].died_at() == since);
    CHECK(known[0].told_at > since);
    CHECK(known[1].mark == std::string(32, '\xFF'));
    CHECK_FALSE(known[1].dead_since.has_value());
    CHECK(known[1].died_at() == known[1].told_at);
}

TEST_CASE("of two times that a token died the later is kept", "[store][contract]") {
    Scene scene;
    const WallTime first(1'700'000'000'000ms);
    scene.note({dead('a', first), dead('b')});
    scene.note({dead('a', first - 1s, Reason::expired_token), dead('b', first), dead('c')});
    auto known = scene.read("abc");
    REQUIRE(known.size() == 3);
    CHECK(known[0].dead_since == first);
    CHECK(known[0].reason == Reason::unregistered);
    CHECK_FALSE(known[1].dead_since.has_value());
    scene.note({dead('a', first + 1s, Reason::expired_token)});
    known = scene.read("a");
    CHECK(known.at(0).dead_since == first + 1s);
    CHECK(known.at(0).reason == Reason::expired_token);
    scene.note({dead('a')});  // told now, without a time
    known = scene.read("a");
    CHECK_FALSE(known.at(0).dead_since.has_value());
    CHECK(known.at(0).died_at() > first + 1s);
}

TEST_CASE("a settlement notes its dead tokens and moves no other flag", "[store][contract]") {
    Scene scene;
    const auto campaign =
        start_campaign(scene.under_test.campaigns(), "spring", {chunk_of(0, "a", "c", 3)});
    claim(*scene.session, campaign, kMine, {"a", "b", "c"});
    Settlement settlement;
    settlement.campaign = campaign.id;
    settlement.scope = campaign.scope;
    settlement.claim = kMine;
    Settlement::Group group;
    group.settled.to = FlagState::rejected;
    group.settled.code.reason = Reason::unregistered;
    group.settled.tries_added = 1;
    group.settled.from_doubt = true;
    group.appids.push("b");
    settlement.groups.push_back(group);
    settlement.dead = {dead('x', WallTime(1'700'000'000'000ms))};
    FlagStore flags(scene.under_test.store(), 30s);
    flags.settle(settlement);
    flags.settle(settlement);  // rule R
    CHECK(scene.read("x").size() == 1);
    for (const auto* const appid : {"a", "c"})
        CHECK(flag_of(*scene.session, campaign.scope, appid)->state == FlagState::claimed);
    const auto rejected = flag_of(*scene.session, campaign.scope, "b");
    CHECK(rejected->state == FlagState::rejected);
    CHECK(rejected->tries == 1);
}

}  // namespace dispatcher::test
