// The contract of StoreSession's operations on flags, over every store.

#include <fmt/format.h>

#include "store/store_under_test.h"

namespace dispatcher::test {
namespace {

using namespace std::string_view_literals;
using std::chrono::milliseconds;

/// Also as a signed number the upper ids are in use: incarnations are any 32 bits.
constexpr ClaimId kMine = make_claim_id({0xFFFFFFF0U}, 7);
constexpr ClaimId kTheirs = make_claim_id({0x10U}, 7);

const std::string kLastKey(kAppidBytesMax, '\xff');

struct Flags {
    StoreUnderTest under_test{GENERATE(from_range(store_kinds()))};
    std::unique_ptr<StoreSession> session = under_test.store().connect();
    CampaignHead campaign = start_campaign(under_test.campaigns(), "spring");
    ScopeId scope = campaign.scope;

    FlagRows::Row operator[](std::string_view appid) {
        const auto flag = flag_of(*session, scope, appid);
        REQUIRE(flag.has_value());
        return *flag;
    }
    void settle(FlagState to, Reason reason, ClaimId claim_id, std::string_view appid,
                bool from_doubt = false, milliseconds due_in = milliseconds(0)) {
        Settled settled;
        settled.to = to;
        settled.code = {reason, false};
        settled.tries_added = 1;
        settled.due_in = due_in;
        settled.from_doubt = from_doubt;
        session->settle_keys(scope, claim_id, settled, std::vector{appid});
    }
    [[nodiscard]] KeyRange all() const { return {scope, "\x01", kLastKey}; }
};

}  // namespace

TEST_CASE("a claimed recipient is not claimed twice", "[store][contract]") {
    Flags flags;
    REQUIRE(claim(*flags.session, flags.campaign, kMine, {"a", "b", "c"}) == 3);
    REQUIRE(claim(*flags.session, flags.campaign, kTheirs, {"b", "c", "d"}) == 1);

    const auto flag = flags["b"];
    CHECK(flag.campaign == flags.campaign.id);
    CHECK(flag.state == FlagState::claimed);
    CHECK(flag.claims == 1);
    CHECK(flag.tries == 0);
    CHECK(flag.claim == kMine);
    CHECK(flag.code == Code{});
    CHECK_FALSE(flag.due_at.has_value());
    CHECK(flag.changed_at >= flags.campaign.now);
    CHECK(flags["d"].claim == kTheirs);
}

TEST_CASE("a claim repeated with its own id wins the same rows", "[store][contract]") {
    Flags flags;
    REQUIRE(claim(*flags.session, flags.campaign, kMine, {"a", "b"}) == 2);
    CHECK(claim(*flags.session, flags.campaign, kMine, {"a", "b"}) == 2);
    CHECK(flags["a"].claims == 1);
}

TEST_CASE("keys are compared byte by byte", "[store][contract]") {
    Flags flags;
    const std::vector<std::string> keys = {"aB",
                                           "Ab",
                                           "ab",
                                           "ab ",
                                           "ab  ",
                                           std::string("ab\0", 3),
                                           "\xff\xfe",
                                           "\xc3(",
                                           "'",
                                           "\\",
                                           "x'41'",
                                           "%_",
                                           "\xc3\xa9",
                                           "e\xcc\x81",
                                           "-1",
                                           "1",
                                           "01",
                                           "1.0",
                                           std::string(64, 'z'),
                                           std::string(63, 'z')};
    REQUIRE(claim(*flags.session, flags.campaign, kMine, keys) == keys.size());
    for (const auto& key : keys)
        CHECK(flags[key].claim == kMine);

    FlagRows rows;
    flags.session->read_flags(flags.all(), rows);
    REQUIRE(rows.size() == keys.size());
    for (std::size_t row = 1; row < rows.size(); ++row) {
        CHECK(rows.appids[row - 1] < rows.appids[row]);
    }
}

TEST_CASE("an appid that is too long is an error and not cut off", "[store][contract]") {
    Flags flags;
    const auto error =
        error_of([&] { claim(*flags.session, flags.campaign, kMine, {std::string(65, 'z')}); });
    flags.session->rollback();
    CHECK(error == StoreError::Kind::schema);
    FlagRows rows;
    flags.session->read_flags(flags.all(), rows);
    CHECK(rows.size() == 0);
}

TEST_CASE("a range reads its ends and nothing beyond or of another scope", "[store][contract]") {
    Flags flags;
    const auto other = start_campaign(flags.under_test.campaigns(), "other");
    REQUIRE(other.scope != flags.scope);
    claim(*flags.session, flags.campaign, kMine, {"a", "b", "c", "d"});
    claim(*flags.session, other, kTheirs, {"b", "bb"});
    FlagRows rows;
    flags.session->read_flags({flags.scope, "b", "c"}, rows);
    REQUIRE(rows.size() == 2);
    CHECK(rows.appids[0] == "b");
    CHECK(rows.appids[1] == "c");
}

TEST_CASE("only rows of the claim that are still claimed are won", "[store][contract]") {
    Flags flags;
    claim(*flags.session, flags.campaign, kMine, {"a", "b", "d"});
    claim(*flags.session, flags.campaign, kTheirs, {"c"});
    flags.settle(FlagState::delivered, Reason::none, kMine, "b");
    FlagRows won;
    flags.session->read_won(flags.all(), kMine, won);
    REQUIRE(won.size() == 2);
    CHECK(won.appids[0] == "a");
    CHECK(won.appids[1] == "d");
}

TEST_CASE("a full claim writes what smaller ones write, time after time", "[store][contract]") {
    Flags flags;
    const auto keys = [](char first) {
        std::vector<std::string> made;
        for (int i = 0; i < 1000; ++i)
            made.push_back(fmt::format("{}-{:04}", first, i));
        return made;
    };
    claim(*flags.session, flags.campaign, kTheirs, {"a-0000", "a-0500", "a-0999"});
    REQUIRE(claim(*flags.session, flags.campaign, kTheirs, keys('0')) == 1000);
    REQUIRE(claim(*flags.session, flags.campaign, kMine, keys('a')) == 997);
    const auto later = make_claim_id({0xFFFFFFF0U}, 8);
    auto others = keys('b');
    REQUIRE(claim(*flags.session, flags.campaign, later, others) == 1000);
    others = keys('c');
    others[7] = "c-0007'\\\xc3\xa9";  // sent differently where bytes are not plain
    REQUIRE(claim(*flags.session, flags.campaign, kMine, others) == 1000);

    CHECK(flags["a-0500"].claim == kTheirs);
    CHECK(flags["0-0999"].claim == kTheirs);
    CHECK(flags[others[7]].claim == kMine);
    for (const auto* const appid : {"a-0001", "a-0998"})
        CHECK(flags[appid].claim == kMine);
    for (const auto* const appid : {"b-0000", "b-0999"}) {
        const auto flag = flags[appid];
        CHECK(flag.campaign == flags.campaign.id);
        CHECK(flag.state == FlagState::claimed);
        CHECK(flag.claims == 1);
        CHECK(flag.tries == 0);
        CHECK(flag.claim == later);
        CHECK(flag.code == Code{});
        CHECK_FALSE(flag.due_at.has_value());
        CHECK(flag.changed_at >= flags.campaign.now);
    }
    FlagRows rows;
    flags.session->read_flags(flags.all(), rows);
    CHECK(rows.size() == 4000);
}

TEST_CASE("what is still to be sent to reads as the whole rows say", "[store][contract]") {
    Flags flags;
    const auto other = start_campaign(flags.under_test.campaigns(), "other", {}, "spring");
    claim(*flags.session, flags.campaign, kMine, {"a", "b", "c", "d", "e"});
    claim(*flags.session, other, kTheirs, {"f", "g"});
    flags.settle(FlagState::released, Reason::unreachable, kTheirs, "g");
    flags.session->reclaim(flags.scope, flags.campaign.id, kMine, std::vector{"g"sv});
    FlagRows won;
    flags.session->read_won(flags.all(), kMine, won);
    REQUIRE(won.size() == 6);
    CHECK(won.rows[5].tries_spent() == 0);
    flags.settle(FlagState::released, Reason::unreachable, kMine, "g");
    flags.settle(FlagState::delivered, Reason::none, kMine, "a");
    flags.settle(FlagState::rejected, Reason::unregistered, kMine, "b");
    flags.settle(FlagState::in_doubt, Reason::timeout, kMine, "c");
    flags.settle(FlagState::released, Reason::unreachable, kMine, "d", false, milliseconds(90'000));

    FlagRows whole;
    FlagRows standing;
    flags.session->read_flags(flags.all(), whole);
    flags.session->read_standing(flags.all(), standing);
    REQUIRE(whole.size() == 7);
    CHECK(whole.rows[6].tries_before == 1);
    REQUIRE(standing.size() == whole.size());
    for (std::size_t row = 0; row < whole.size(); ++row) {
        CHECK(standing.appids[row] == whole.appids[row]);
        CHECK(standing.rows[row].campaign == whole.rows[row].campaign);
        CHECK(standing.rows[row].state == whole.rows[row].state);
        CHECK(standing.rows[row].tries_spent() == whole.rows[row].tries_spent());
        CHECK(standing.rows[row].due_at == whole.rows[row].due_at);
    }
}

TEST_CASE("a range confirm delivers claimed rows of its claim alone", "[store][contract]") {
    Flags flags;
    claim(*flags.session, flags.campaign, kMine, {"a", "c", "e", "z"});
    claim(*flags.session, flags.campaign, kTheirs, {"b"});
    flags.settle(FlagState::rejected, Reason::unregistered, kMine, "c");
    flags.settle(FlagState::in_doubt, Reason::timeout, kMine, "e");
    flags.session->confirm_range({flags.scope, "a", "f"}, kMine);

    CHECK(flags["a"].state == FlagState::delivered);
    CHECK(flags["a"].tries == 1);
    CHECK(flags["a"].claim == kMine);
    CHECK(flags["b"].state == FlagState::claimed);
    CHECK(flags["c"].state == FlagState::rejected);
    CHECK(flags["e"].state == FlagState::in_doubt);
    CHECK(flags["z"].state == FlagState::claimed);
    flags.session->confirm_range({flags.scope, "a", "f"}, kMine);
    CHECK(flags["a"].tries == 1);
}

TEST_CASE("a settlement moves only rows that bear its claim id", "[store][contract]") {
    Flags flags;
    claim(*flags.session, flags.campaign, kMine, {"a"});
    claim(*flags.session, flags.campaign, kTheirs, {"b"});
    for (const auto to :
         {FlagState::delivered, FlagState::rejected, FlagState::released, FlagState::in_doubt}) {
        flags.settle(to, Reason::none, kMine, "b", true);
        CHECK(flags["b"].state == FlagState::claimed);
        flags.settle(to, Reason::none, kMine, "no such row", true);
    }
    CHECK_FALSE(flag_of(*flags.session, flags.scope, "no such row").has_value());
}

TEST_CASE("a rejection keeps its reason and counts the try", "[store][contract]") {
    Flags flags;
    claim(*flags.session, flags.campaign, kMine, {"a"});
    flags.settle(FlagState::rejected, Reason::bad_device_token, kMine, "a");
    const auto flag = flags["a"];
    CHECK(flag.state == FlagState::rejected);
    CHECK(flag.code == Code{Reason::bad_device_token, false});
    CHECK(flag.tries == 1);
    flags.settle(FlagState::delivered, Reason::none, kMine, "a", true);
    CHECK(flags["a"].state == FlagState::rejected);
}

TEST_CASE("a released row is claimed again once, under a new claim id", "[store][contract]") {
    Flags flags;
    claim(*flags.session, flags.campaign, kMine, {"a", "b"});
    flags.settle(FlagState::released, Reason::refused_stream, kMine, "a", false,
                 milliseconds(90'000));
    const auto released = flags["a"];
    CHECK(released.state == FlagState::released);
    CHECK(released.claim.value == 0);
    REQUIRE(released.due_at.has_value());
    CHECK(*released.due_at >= flags.campaign.now + milliseconds(90'000));
    CHECK(*released.due_at <= released.changed_at + milliseconds(95'000));

    const std::vector<std::string_view> both = {"a", "b"};
    flags.session->reclaim(flags.scope, flags.campaign.id, kTheirs, both);
    const auto again = flags["a"];
    CHECK(again.state == FlagState::claimed);
    CHECK(again.claim == kTheirs);
    CHECK(again.claims == 2);
    CHECK(again.tries == 1);
    CHECK_FALSE(again.due_at.has_value());
    CHECK(flags["b"].claim == kMine);

    // A release of the old claim that comes late finds nothing.
    flags.settle(FlagState::released, Reason::stopped, kMine, "a", true);
    CHECK(flags["a"].state == FlagState::claimed);
    flags.session->reclaim(flags.scope, flags.campaign.id, kMine, both);
    CHECK(flags["a"].claims == 2);
}

TEST_CASE("a late answer settles a row in doubt only where it may", "[store][contract]") {
    Flags flags;
    claim(*flags.session, flags.campaign, kMine, {"a", "b", "c"});
    for (const auto appid : {"a", "b", "c"}) {
        flags.settle(FlagState::in_doubt, Reason::timeout, kMine, appid);
        CHECK(flags[appid].code == Code{Reason::timeout, true});
    }
    flags.settle(FlagState::delivered, Reason::none, kMine, "a", false);
    CHECK(flags["a"].state == FlagState::in_doubt);
    flags.settle(FlagState::delivered, Reason::none, kMine, "a", true);
    CHECK(flags["a"].state == FlagState::delivered);
    CHECK(flags["a"].code == Code{Reason::none, true});
    flags.settle(FlagState::released, Reason::never_written, kMine, "b", true);
    CHECK(flags["b"].state == FlagState::released);
    CHECK(flags["b"].code == Code{Reason::never_written, true});
    // Doubt does not become doubt again, whatever is asked.
    flags.settle(FlagState::in_doubt, Reason::killed, kMine, "c", true);
    CHECK(flags["c"].code == Code{Reason::timeout, true});
}

TEST_CASE("having been in doubt is never forgotten", "[store][contract]") {
    Flags flags;
    claim(*flags.session, flags.campaign, kMine, {"a"});
    flags.settle(FlagState::in_doubt, Reason::timeout, kMine, "a");
    const std::vector<std::string_view> key = {"a"};
    flags.session->resolve_keys(flags.scope, kMine, FlagState::released, Reason::resend, key);
    CHECK(flags["a"].state == FlagState::released);
    CHECK(flags["a"].claim.value == 0);
    CHECK(flags["a"].due_at.has_value());
    flags.session->reclaim(flags.scope, flags.campaign.id, kTheirs, key);
    CHECK(flags["a"].code.was_in_doubt);
    flags.session->confirm_range(flags.all(), kTheirs);
    CHECK(flags["a"].state == FlagState::delivered);
    CHECK(flags["a"].code == Code{Reason::none, true});
}

TEST_CASE("a range release frees what is claimed or in doubt under the claim",
          "[store][contract]") {
    Flags flags;
    claim(*flags.session, flags.campaign, kMine, {"a", "c", "d"});
    claim(*flags.session, flags.campaign, kTheirs, {"b"});
    flags.settle(FlagState::in_doubt, Reason::killed, kMine, "c");
    flags.settle(FlagState::delivered, Reason::none, kMine, "d");
    flags.session->release_range(flags.all(), kMine, Reason::never_written);
    CHECK(flags["a"].state == FlagState::released);
    CHECK(flags["a"].code == Code{Reason::never_written, false});
    CHECK(flags["a"].claim.value == 0);
    CHECK(flags["a"].tries == 0);
    CHECK(flags["c"].code == Code{Reason::never_written, true});
    CHECK(flags["b"].state == FlagState::claimed);
    CHECK(flags["d"].state == FlagState::delivered);
}

TEST_CASE("a sweep doubts what the old owner claimed for the campaign, and nothing else",
          "[store][contract]") {
    Flags flags;
    const auto sister = start_campaign(flags.under_test.campaigns(), "sister", {}, "spring");
    REQUIRE(sister.scope == flags.scope);
    const auto last_of_mine = make_claim_id(incarnation_of(kMine), 0xFFFFFFFFU);
    const auto next_owner = make_claim_id({incarnation_of(kMine).value + 1}, 0);
    claim(*flags.session, flags.campaign, kMine, {"a", "f"});
    claim(*flags.session, flags.campaign, last_of_mine, {"b"});
    claim(*flags.session, flags.campaign, next_owner, {"c"});
    claim(*flags.session, sister, kMine, {"d"});
    claim(*flags.session, flags.campaign, kMine, {"z"});
    flags.settle(FlagState::delivered, Reason::none, kMine, "f");

    flags.session->sweep({flags.scope, "a", "y"}, flags.campaign.id, incarnation_of(kMine),
                         Reason::lease_expired);
    CHECK(flags["a"].state == FlagState::in_doubt);
    CHECK(flags["a"].claim == kMine);
    CHECK(flags["a"].code == Code{Reason::lease_expired, true});
    CHECK(flags["b"].state == FlagState::in_doubt);
    CHECK(flags["c"].state == FlagState::claimed);
    CHECK(flags["d"].state == FlagState::claimed);
    CHECK(flags["f"].state == FlagState::delivered);
    CHECK(flags["z"].state == FlagState::claimed);
}

TEST_CASE("only released rows of the campaign are given up", "[store][contract]") {
    Flags flags;
    const auto sister = start_campaign(flags.under_test.campaigns(), "sister", {}, "spring");
    claim(*flags.session, flags.campaign, kMine, {"a", "b"});
    claim(*flags.session, sister, kTheirs, {"c"});
    flags.settle(FlagState::released, Reason::unreachable, kMine, "a");
    flags.settle(FlagState::released, Reason::unreachable, kTheirs, "c");
    const std::vector<std::string_view> keys = {"a", "b", "c", "d"};
    flags.session->give_up(flags.scope, flags.campaign.id, Reason::tries_used_up, keys);
    CHECK(flags["a"].state == FlagState::skipped);
    CHECK(flags["a"].code == Code{Reason::tries_used_up, false});
    CHECK_FALSE(flags["a"].due_at.has_value());
    CHECK(flags["b"].state == FlagState::claimed);
    CHECK(flags["c"].state == FlagState::released);
    CHECK_FALSE(flag_of(*flags.session, flags.scope, "d").has_value());
}

TEST_CASE("doubt is resolved only under the claim that is in doubt", "[store][contract]") {
    Flags flags;
    claim(*flags.session, flags.campaign, kMine, {"a", "b", "c"});
    flags.settle(FlagState::in_doubt, Reason::timeout, kMine, "a");
    flags.settle(FlagState::in_doubt, Reason::timeout, kMine, "b");
    const std::vector<std::string_view> first = {"a"};
    const std::vector<std::string_view> rest = {"b", "c"};
    flags.session->resolve_keys(flags.scope, kTheirs, FlagState::delivered, Reason::assumed, first);
    CHECK(flags["a"].state == FlagState::in_doubt);
    flags.session->resolve_keys(flags.scope, kMine, FlagState::delivered, Reason::assumed, first);
    CHECK(flags["a"].state == FlagState::delivered);
    CHECK(flags["a"].code == Code{Reason::assumed, true});
    flags.session->resolve_keys(flags.scope, kMine, FlagState::skipped, Reason::resolved, rest);
    CHECK(flags["b"].state == FlagState::skipped);
    CHECK(flags["b"].code == Code{Reason::resolved, true});
    CHECK(flags["c"].state == FlagState::claimed);
}

TEST_CASE("a rolled back transaction leaves nothing", "[store][contract]") {
    Flags flags;
    const std::vector<std::string_view> key = {"a"};
    flags.session->begin();
    flags.session->insert_claims(flags.scope, flags.campaign.id, kMine, key);
    flags.session->rollback();
    flags.session->rollback();
    CHECK_FALSE(flag_of(*flags.session, flags.scope, "a").has_value());
    CHECK(claim(*flags.session, flags.campaign, kTheirs, {"a"}) == 1);
}

TEST_CASE("a thousand long appids go in one statement", "[store][contract]") {
    Flags flags;
    std::vector<std::string> appids;
    for (int number = 1000; number < 2000; ++number) {
        appids.push_back(std::to_string(number) + std::string(60, '\xe9'));
    }
    REQUIRE(claim(*flags.session, flags.campaign, kMine, appids) == 1000);
    Settled settled;
    settled.to = FlagState::released;
    settled.code = {Reason::stopped, false};
    flags.session->settle_keys(flags.scope, kMine, settled, views_of(appids));
    flags.session->reclaim(flags.scope, flags.campaign.id, kTheirs, views_of(appids));
    FlagRows rows;
    flags.session->read_keys(flags.scope, views_of(appids), rows);
    REQUIRE(rows.size() == 1000);
    CHECK(rows.rows[999].claims == 2);
    flags.session->read_keys(flags.scope, {}, rows);
    CHECK(rows.size() == 0);
}

}  // namespace dispatcher::test
