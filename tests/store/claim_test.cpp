// What binds a claim besides the flags, over every store: halt, opt-outs, settings, the first ones.

#include <atomic>
#include <chrono>
#include <future>

#include "base/error.h"
#include "store/flag_store.h"
#include "store/store_under_test.h"

namespace dispatcher::test {
namespace {

using namespace std::chrono_literals;

constexpr IncarnationId kMe{0xF0000001U};

/// A campaign with one chunk, leased by us.
struct Claims {
    StoreUnderTest under_test{GENERATE(from_range(store_kinds()))};
    CampaignStore& campaigns = under_test.campaigns();
    FlagStore flags{under_test.store(), 30s};
    CampaignHead campaign;
    ChunkHead chunk;
    std::uint32_t batch = 0;
    FlagRows won;

    explicit Claims(std::string_view name = "spring", std::string_view once_per = {}) {
        begin(name, once_per);
    }

    void begin(std::string_view name, std::string_view once_per) {
        campaign = start_campaign(campaigns, name, {chunk_of(0, "a", "z", 26)}, once_per);
        const auto free = flags.leasable(campaign.id, {}, {}, 1);
        REQUIRE(free.size() == 1);
        chunk = *flags.lease(free[0], campaign.scope, kMe, {});
    }

    ClaimResult claim(const std::vector<std::string>& appids, std::uint32_t first_count = 0,
                      std::span<const ClaimSkip> skips = {},
                      std::chrono::milliseconds first_wait = {}) {
        const auto keys = views_of(appids);
        ClaimRequest request;
        request.campaign = campaign.id;
        request.scope = campaign.scope;
        request.epoch = campaign.epoch;
        request.chunk = chunk.no;
        request.fence = chunk.fence;
        request.claim_seq = chunk.claim_seq;
        request.claim = make_claim_id(kMe, ++batch);
        request.appids = keys;
        request.attempts_max = 6;
        request.first_count = first_count;
        request.first_wait = first_wait;
        request.skips = skips;
        const auto result = flags.claim(request, won);
        if (result.verdict == ClaimVerdict::claimed) ++chunk.claim_seq;
        return result;
    }
    void release(const std::string& appid) {
        flags.session().release_range({campaign.scope, appid, appid}, make_claim_id(kMe, batch),
                                      Reason::stopped);
    }
    void opt_out(const std::string& appid) {
        const std::vector<std::string_view> appids{appid};
        campaigns.suppress(appids, kOperator);
    }
    FlagRows::Row operator[](std::string_view appid) {
        const auto flag = flag_of(flags.session(), campaign.scope, appid);
        REQUIRE(flag.has_value());
        return *flag;
    }
};

}  // namespace

TEST_CASE("whoever opted out is skipped by the claim that meets them", "[store][contract]") {
    Claims claims;
    claims.opt_out("b");
    const auto result = claims.claim({"a", "b", "c"});
    CHECK(result.verdict == ClaimVerdict::claimed);
    CHECK(result.suppressed == 1);
    CHECK(result.raced == 0);
    CHECK(claims.won.size() == 2);
    const auto skipped = claims["b"];
    CHECK(skipped.state == FlagState::skipped);
    CHECK(skipped.code == Code{Reason::suppressed, false});
    CHECK(skipped.campaign == claims.campaign.id);
    CHECK(skipped.claim == ClaimId{});
    CHECK(skipped.claims == 0);
    // For good: an appid that comes off the list again is not sent to by this campaign.
    const std::vector<std::string_view> b{"b"};
    CHECK(claims.campaigns.unsuppress(b) == 1);
    claims.claim({"b"});
    CHECK(claims.won.size() == 0);
}

TEST_CASE("who opts out between two tries is skipped at the second", "[store][contract]") {
    Claims claims;
    REQUIRE(claims.claim({"a", "b"}).verdict == ClaimVerdict::claimed);
    claims.release("a");
    claims.opt_out("a");
    CHECK(claims.claim({"a"}).suppressed == 1);
    CHECK(claims.won.size() == 0);
    CHECK(claims["a"].state == FlagState::skipped);
    CHECK(claims["a"].code.reason == Reason::suppressed);
    CHECK_FALSE(claims["a"].due_at.has_value());
    CHECK(claims["b"].state == FlagState::claimed);
}

TEST_CASE("a row that another campaign of the scope gave back is skipped as one's own",
          "[store][contract]") {
    Claims claims("first", "sale");
    REQUIRE(claims.claim({"a"}).verdict == ClaimVerdict::claimed);
    claims.release("a");
    claims.opt_out("a");
    claims.begin("second", "sale");
    CHECK(claims.claim({"a"}).suppressed == 1);
    CHECK(claims["a"].state == FlagState::skipped);
    CHECK(claims["a"].campaign == claims.campaign.id);
}

TEST_CASE("an opt-out is exactly of its bytes, among however many others", "[store][contract]") {
    Claims claims;
    std::vector<std::string> others;
    for (int number = 0; number < 40; ++number)
        others.push_back("aaa" + std::to_string(100 + number));
    others.emplace_back("aB");
    others.emplace_back("ab ");
    std::ranges::sort(others);
    CHECK(claims.campaigns.suppress(views_of(others), kOperator) == others.size());
    CHECK(claims.campaigns.suppress(views_of(others), kOperator) == 0);
    AppidList found;
    const std::vector<std::string_view> asked{"a", "aaa117", "ab", "ac"};
    claims.flags.session().read_suppressed(asked, found);
    REQUIRE(found.size() == 1);
    CHECK(found[0] == "aaa117");
    claims.flags.session().read_suppressed(std::vector<std::string_view>{"x", "y"}, found);
    CHECK(found.empty());
}

TEST_CASE("the opt-out list is read page by page", "[store][contract]") {
    Claims claims;
    for (const char* appid : {"c", "a", "b"})
        claims.opt_out(appid);
    const auto first = claims.campaigns.opt_outs("", 2);
    REQUIRE(first.size() == 2);
    CHECK(first[0].appid == "a");
    CHECK(first[0].who == kOperator.who);
    CHECK(first[0].because == kOperator.because);
    CHECK(first[0].since >= claims.campaign.now - 1s);
    const auto second = claims.campaigns.opt_outs("b", 2);
    REQUIRE(second.size() == 1);
    CHECK(second[0].appid == "c");
    CHECK(claims.campaigns.opt_out("b").has_value());
    CHECK_FALSE(claims.campaigns.opt_out("B").has_value());
}

TEST_CASE("a halted store claims nothing until the halt is lifted", "[store][contract]") {
    Claims claims;
    CHECK_FALSE(claims.campaigns.halted().has_value());
    REQUIRE(claims.campaigns.halt(kOperator));
    CHECK_FALSE(claims.campaigns.halt(kOperator));
    const auto halt = claims.campaigns.halted();
    REQUIRE(halt.has_value());
    CHECK(halt->who == kOperator.who);
    CHECK(halt->because == kOperator.because);
    CHECK(claims.claim({"a"}).verdict == ClaimVerdict::not_running);
    CHECK(claims.flags.session().read_campaign(claims.campaign.id)->is_halted);
    FlagRows rows;
    claims.flags.session().read_flags({claims.campaign.scope, "a", "z"}, rows);
    CHECK(rows.size() == 0);

    REQUIRE(claims.campaigns.unhalt(kOperator));
    CHECK_FALSE(claims.campaigns.unhalt(kOperator));
    CHECK(claims.claim({"a"}).verdict == ClaimVerdict::claimed);
    const auto audit = claims.campaigns.audit("", 10);
    CHECK(std::ranges::count(audit, "halt", &AuditRow::action) == 1);
    CHECK(std::ranges::count(audit, "unhalt", &AuditRow::action) == 1);
}

TEST_CASE("a halt waits for the claim that is being made", "[store][contract]") {
    Claims claims;
    auto& session = claims.flags.session();
    session.begin();
    REQUIRE_FALSE(session.lock_campaign_shared(claims.campaign.id)->is_halted);
    std::atomic<bool> is_committed{false};
    const auto other = claims.under_test.other_campaigns();
    auto halted = std::async(std::launch::async, [&] {
        other->halt(kOperator);
        return is_committed.load();
    });
    // Long enough for a halt that does not wait to be through.
    halted.wait_for(300ms);
    is_committed = true;
    session.commit();
    CHECK(halted.get());
}

TEST_CASE("new settings bind the next claim and start the budget anew", "[store][contract]") {
    Claims claims;
    auto& session = claims.flags.session();
    // One send an hour: the next is due in an hour.
    REQUIRE(session.reserve(claims.campaign.id, "", 1, 1.0 / 3600, 1s).granted);
    REQUIRE_FALSE(session.reserve(claims.campaign.id, "", 1, 1.0 / 3600, 1s).granted);
    Settings settings;
    settings.rate_per_second = 1000;
    REQUIRE(claims.campaigns.set_settings(claims.campaign, settings, "rate", kOperator));
    CHECK(claims.claim({"a"}).verdict == ClaimVerdict::not_running);
    const auto head = session.read_campaign(claims.campaign.id);
    CHECK(head->epoch == claims.campaign.epoch + 1);
    CHECK(head->state == CampaignState::running);
    CHECK(session.read_settings(claims.campaign.id)->rate_per_second == 1000);
    claims.campaign = *head;
    CHECK(claims.claim({"a"}).verdict == ClaimVerdict::claimed);
    CHECK(session.reserve(claims.campaign.id, "", 1, 1000, 1s).granted);
}

TEST_CASE("of two operators who set at once one is told to look again", "[store][contract]") {
    Claims claims;
    Settings one;
    one.rate_per_second = 1;
    Settings two;
    two.rate_per_second = 2;
    REQUIRE(claims.campaigns.set_settings(claims.campaign, one, "rate 1", kOperator));
    CHECK_FALSE(claims.campaigns.set_settings(claims.campaign, two, "rate 2", kOperator));
    CHECK(claims.campaigns.find("spring")->settings.rate_per_second == 1);
    const auto head = claims.campaigns.find("spring")->head;
    claims.campaigns.move(head.id, {CampaignState::running}, CampaignState::cancelled, "cancel",
                          kOperator);
    CHECK_THROWS_AS(
        claims.campaigns.set_settings(claims.campaigns.find("spring")->head, two, "", kOperator),
        RefusedError);
}

TEST_CASE("the first recipients are counted over all claims, retries are not",
          "[store][contract]") {
    Claims claims;
    claims.opt_out("b");
    CHECK(claims.claim({"a", "b", "c"}, 3).verdict == ClaimVerdict::claimed);
    CHECK(claims.won.size() == 2);
    CHECK(claims.claim({"d", "e", "f"}, 3).verdict == ClaimVerdict::claimed);
    REQUIRE(claims.won.size() == 1);
    CHECK(claims.won.appids[0] == "d");
    CHECK(claims.claim({"e", "f"}, 3).verdict == ClaimVerdict::first_reached);
    claims.batch = 2;
    claims.release("d");
    claims.batch = 3;
    CHECK(claims.claim({"d", "e"}, 3).verdict == ClaimVerdict::claimed);
    CHECK(claims.won.size() == 1);
    CHECK(claims.claim({"e", "f"}).verdict == ClaimVerdict::claimed);
    CHECK(claims.won.size() == 2);
}

TEST_CASE("a claim skips whom it says, each for its reason", "[store][contract]") {
    Claims claims;
    REQUIRE(claims.claim({"b"}).verdict == ClaimVerdict::claimed);
    claims.release("b");
    claims.opt_out("d");
    const std::vector<std::string> appids{"a", "b", "c", "d", "e"};
    const std::vector<ClaimSkip> skips{
        {"a", Reason::window}, {"b", Reason::gone}, {"d", Reason::window}, {"e", Reason::gone}};
    const auto result = claims.claim(appids, 0, skips);
    CHECK(result.verdict == ClaimVerdict::claimed);
    CHECK(result.skipped == 3);
    CHECK(result.suppressed == 1);
    CHECK(result.raced == 0);
    CHECK(claims.won.size() == 1);
    for (const auto* appid : {"a", "b", "e"}) {
        CHECK(claims[appid].state == FlagState::skipped);
        CHECK(claims[appid].code == Code{appid[0] == 'a' ? Reason::window : Reason::gone, false});
    }
    CHECK(claims["c"].state == FlagState::claimed);
    CHECK(claims["d"].code.reason == Reason::suppressed);
}

TEST_CASE("after the time for a look the first are no limit any more", "[store][contract]") {
    Claims claims;
    REQUIRE(claims.claim({"a", "b"}, 2, {}, 1h).was_last_of_first);
    CHECK(claims.claim({"c"}, 2, {}, 1h).verdict == ClaimVerdict::first_reached);
    CHECK(claims.claim({"c"}, 2, {}, 1ms).verdict != ClaimVerdict::lease_lost);
    // The database's clock goes on between two transactions, however little.
    while (claims.claim({"d"}, 2, {}, 1ms).verdict == ClaimVerdict::first_reached) {
    }
    CHECK(claims.won.size() == 1);
}

}  // namespace dispatcher::test
