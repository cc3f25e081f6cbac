// The contract of CampaignStore, over every store.

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/error.h"
#include "store/sqlite/sqlite_store.h"
#include "store/store_under_test.h"

namespace dispatcher::test {
namespace {

using namespace std::chrono_literals;

struct Campaigns {
    StoreUnderTest under_test{GENERATE(from_range(store_kinds()))};
    CampaignStore& store = under_test.campaigns();

    CampaignId draft(const std::vector<NewChunk>& chunks = {}, IncarnationId owner = {1}) {
        const auto id = store.begin_draft(owner);
        store.add_chunks(id, chunks);
        return id;
    }
};

}  // namespace

TEST_CASE("init makes a store once and for ever", "[store][contract]") {
    Campaigns campaigns;
    const auto id = campaigns.store.store_id();
    CHECK(id.size() == 16);
    campaigns.store.init();
    CHECK(campaigns.store.store_id() == id);
    CHECK(campaigns.under_test.store().store_id() == id);
    CHECK(campaigns.under_test.other_campaigns()->store_id() == id);
    const auto version = campaigns.store.schema_version();
    CHECK(version.found == version.wanted);
    CHECK(version.found > 0);
    CHECK_FALSE(campaigns.store.server_settings().empty());
    CHECK(campaigns.store.now() > WallTime(1'700'000'000'000ms));
}

TEST_CASE("where the server can do it, a stopped process's transaction is ended",
          "[store][contract]") {
    Campaigns campaigns;
    // MariaDB only; others do not tell this setting.
    for (const auto& [name, value] : campaigns.store.server_settings())
        if (name == "idle_transaction_timeout") CHECK(value == "20");
}

TEST_CASE("others are campaigns of another scope and schedule, and no test runs",
          "[store][contract]") {
    Campaigns campaigns;
    auto& store = campaigns.store;
    for (const auto* const name : {"sale", "sale@2027-03-01", "sale@20270301T080000Z", "sale-2",
                                   "saleA", "sal", "Sale", "other#test-1"})
        start_campaign(store, name, {chunk_of(0, "a", "b", 2)});
    start_campaign(store, "spring", {chunk_of(0, "a", "b", 2)}, "shared");
    campaigns.draft();
    const auto others = [&](std::string_view name, std::string_view once_per,
                            std::chrono::milliseconds within = 1h, std::size_t limit = 50) {
        std::vector<std::string> names;
        for (const auto& record :
             store.list_others(campaign_named(name, once_per), within, limit)) {
            names.push_back(record.name.text());
            CHECK(record.head.now >= record.sealed_at);
            CHECK(record.head.state == CampaignState::running);
            CHECK(record.campaign.message.locales.size() == 1);
        }
        std::ranges::sort(names);
        return names;
    };
    using Names = std::vector<std::string>;
    CHECK(others("sale", "sale") == Names{"Sale", "sal", "sale-2", "saleA", "spring"});
    CHECK(others("sale@2027-03-08", "x") == Names{"Sale", "sal", "sale-2", "saleA", "spring"});
    CHECK(others("new", "shared") == Names{"Sale", "sal", "sale", "sale-2", "sale@2027-03-01",
                                           "sale@20270301T080000Z", "saleA"});
    CHECK(others("new", "new", -1h).empty());
    CHECK(others("new", "new", 1h, 3).size() == 3);
}

TEST_CASE("a sealed campaign reads back as it was", "[store][contract]") {
    Campaigns campaigns;
    const auto draft = campaigns.draft({chunk_of(0, "a", "b", 2)});
    auto campaign = campaign_named("spring-sale");
    campaign.audience.recipients = 2;
    Settings settings;
    settings.rate_per_second = 5000;
    settings.deadline_after = 24h;
    CHECK_FALSE(campaigns.store.find("spring-sale").has_value());
    REQUIRE(campaigns.store.seal(draft, campaign, settings, "campaign: 'x'\n", kOperator));

    const auto record = campaigns.store.find("spring-sale");
    REQUIRE(record.has_value());
    CHECK(record->head.id == draft);
    CHECK(record->head.scope.value != 0);
    CHECK(record->head.state == CampaignState::sealed);
    CHECK(record->name.text() == "spring-sale");
    CHECK(record->campaign.to_json() == campaign.to_json());
    CHECK(record->sealed_sha == Sha256::of(campaign.to_json()));
    CHECK(record->settings.to_json() == settings.to_json());
    CHECK(record->sealed_by == kOperator.who);
    CHECK(record->source_text == "campaign: 'x'\n");
    CHECK(record->sealed_at <= record->head.now);
    CHECK_FALSE(record->started_at.has_value());
    CHECK_FALSE(record->head.deadline.has_value());
    CHECK(record->cause.empty());
    CHECK(campaigns.store.campaign_name(draft) == "spring-sale");
    CHECK(campaigns.store.scope_of("spring-sale") == record->head.scope);
    CHECK_FALSE(campaigns.store.scope_of("Spring-sale").has_value());
    CHECK_FALSE(campaigns.store.find("Spring-sale").has_value());
    CHECK_FALSE(campaigns.store.find("spring-sale ").has_value());
}

TEST_CASE("of two drafts with one name the first is sealed and the other dropped",
          "[store][contract]") {
    Campaigns campaigns;
    const auto first = campaigns.draft();
    const auto second = campaigns.draft({chunk_of(0, "a", "b", 2)});
    REQUIRE(campaigns.store.seal(first, campaign_named("x"), {}, "", kOperator));
    auto campaign = campaign_named("x");
    campaign.audience.recipients = 2;
    CHECK_FALSE(campaigns.store.seal(second, campaign, {}, "", kOperator));
    CHECK(campaigns.store.find("x")->head.id == first);
    CHECK_FALSE(campaigns.store.session().read_campaign(second).has_value());
    CHECK(campaigns.store.session().list_chunks(second, {0}, 5).empty());
    // Sealing what is sealed under this name already is a repeated question.
    CHECK(campaigns.store.seal(first, campaign_named("x"), {}, "", kOperator));
    CHECK(campaigns.store.audit("x", 10).size() == 1);
}

TEST_CASE("a draft that lacks recipients is not sealed", "[store][contract]") {
    Campaigns campaigns;
    const auto draft = campaigns.draft({chunk_of(0, "a", "b", 2)});
    auto campaign = campaign_named("x");
    campaign.audience.recipients = 3;
    CHECK_THROWS_AS(campaigns.store.seal(draft, campaign, {}, "", kOperator), RefusedError);
    CHECK_FALSE(campaigns.store.find("x").has_value());
}

TEST_CASE("chunks stored twice are stored once", "[store][contract]") {
    Campaigns campaigns;
    const auto draft = campaigns.draft({chunk_of(0, "a", "b", 2)});
    campaigns.store.add_chunks(draft, {chunk_of(0, "a", "b", 2), chunk_of(1, "c", "d", 1)});
    CHECK(campaigns.store.session().list_chunks(draft, {0}, 5).size() == 2);
    campaigns.store.drop_draft(draft);
    campaigns.store.drop_draft(draft);
    CHECK(campaigns.store.session().list_chunks(draft, {0}, 5).empty());
    CHECK_FALSE(campaigns.store.session().read_payload(draft, {0}, false).has_value());
    CHECK_THROWS_AS(campaigns.store.add_chunks(draft, {chunk_of(2, "e", "f", 1)}), RefusedError);
}

TEST_CASE("a sealed campaign is no draft to be dropped", "[store][contract]") {
    Campaigns campaigns;
    const auto head = start_campaign(campaigns.store, "x", {chunk_of(0, "a", "b", 2)});
    campaigns.store.drop_draft(head.id);
    campaigns.store.drop_dead_drafts(-1h);
    CHECK(campaigns.store.find("x").has_value());
    CHECK(campaigns.store.session().list_chunks(head.id, {0}, 5).size() == 1);
}

TEST_CASE("drafts of the closed and of long ago are dropped", "[store][contract]") {
    Campaigns campaigns;
    auto& session = campaigns.store.session();
    session.insert_incarnation({7}, "host", "boot", 1);
    session.insert_incarnation({8}, "host", "boot", 2);
    const auto of_closed = campaigns.draft({chunk_of(0, "a", "b", 2)}, {7});
    const auto of_living = campaigns.draft({}, {8});
    session.close_incarnation({7});
    campaigns.store.drop_dead_drafts(24h);
    CHECK_FALSE(session.read_campaign(of_closed).has_value());
    CHECK(session.list_chunks(of_closed, {0}, 5).empty());
    CHECK(session.read_campaign(of_living).has_value());
    campaigns.store.drop_dead_drafts(-1h);
    CHECK_FALSE(session.read_campaign(of_living).has_value());
}

TEST_CASE("campaigns that share once_per share a scope", "[store][contract]") {
    Campaigns campaigns;
    const auto first = start_campaign(campaigns.store, "a", {}, "sale");
    const auto second = start_campaign(campaigns.store, "b", {}, "sale");
    const auto third = start_campaign(campaigns.store, "c");
    CHECK(first.scope == second.scope);
    CHECK(first.scope != third.scope);
    CHECK(first.id != second.id);
}

TEST_CASE("starting sets the start and the deadline once", "[store][contract]") {
    Campaigns campaigns;
    const auto draft = campaigns.draft();
    Settings settings;
    settings.deadline_after = 1h;
    REQUIRE(campaigns.store.seal(draft, campaign_named("x"), settings, "", kOperator));
    const auto head = campaigns.store.start(draft, kOperator);
    CHECK(head.state == CampaignState::running);
    const auto record = *campaigns.store.find("x");
    REQUIRE(record.started_at.has_value());
    REQUIRE(head.deadline.has_value());
    CHECK(*head.deadline == *record.started_at + 1h);
    const auto again = campaigns.store.start(draft, kOperator);
    CHECK(again.epoch == head.epoch);
    CHECK(again.deadline == head.deadline);
    CHECK(campaigns.store.find("x")->started_at == record.started_at);

    settings.deadline_at = *record.started_at + 10min;
    REQUIRE(campaigns.store.set_settings(head, settings, "deadline=…", kOperator));
    CHECK(campaigns.store.find("x")->head.deadline == *record.started_at + 10min);
    CHECK(campaigns.store.find("x")->settings.to_json() == settings.to_json());
    const auto moved = campaigns.store.find("x")->head;
    REQUIRE(campaigns.store.set_settings(moved, {}, "deadline=none", kOperator));
    CHECK_FALSE(campaigns.store.find("x")->head.deadline.has_value());
}

TEST_CASE("settings change as long as somebody may be sent to", "[store][contract]") {
    Campaigns campaigns;
    using enum CampaignState;
    const auto running_head = start_campaign(campaigns.store, "x");
    campaigns.store.move(running_head.id, {running}, reconciling, "reconcile", kOperator);
    const auto over = campaigns.store.move(running_head.id, {reconciling}, done, "end", kOperator);
    REQUIRE(over.state == done);
    REQUIRE(campaigns.store.set_settings(over, {}, "deadline=…", kOperator));
    const auto head = start_campaign(campaigns.store, "y");
    const auto ended = campaigns.store.move(head.id, {running}, cancelled, "cancel", kOperator);
    REQUIRE(ended.state == cancelled);
    CHECK_THROWS_AS(campaigns.store.set_settings(ended, {}, "deadline=…", kOperator), RefusedError);
}

TEST_CASE("a state is moved by who sees it, and the audit tells", "[store][contract]") {
    Campaigns campaigns;
    using enum CampaignState;
    const auto head = start_campaign(campaigns.store, "x");
    const auto stopped =
        campaigns.store.move(head.id, {running, reconciling}, CampaignState::paused, "pause",
                             {"paul@desk", "API", "wrong price"});
    CHECK(stopped.state == CampaignState::paused);
    CHECK(stopped.epoch == head.epoch + 1);
    CHECK(campaigns.store.find("x")->cause == "wrong price");
    CHECK(campaigns.store.find("x")->head.epoch == stopped.epoch);

    // Somebody else's wish from another state changes nothing and leaves no trace.
    const auto lost = campaigns.store.move(head.id, {running}, cancelled, "cancel", kOperator);
    CHECK(lost.state == CampaignState::paused);
    CHECK(lost.epoch == stopped.epoch);
    // Nor does a move that the table forbids.
    CHECK(
        campaigns.store.move(head.id, {CampaignState::paused}, sealed, "unseal", kOperator).state ==
        CampaignState::paused);

    campaigns.store.move(head.id, {CampaignState::paused}, running, "resume", kOperator);
    CHECK(campaigns.store.find("x")->cause.empty());
    campaigns.store.add_audit(head.id, "report", "to a file", kOperator);
    const auto audit = campaigns.store.audit("x", 10);
    std::vector<std::string> actions;
    for (const auto& row : audit)
        actions.push_back(row.action);
    REQUIRE(actions.size() == 5);
    for (const auto* const action : {"launch", "start", "pause", "resume", "report"}) {
        CHECK(std::count(actions.begin(), actions.end(), action) == 1);
    }
    for (const auto& row : audit) {
        CHECK(row.campaign == "x");
        if (row.action != "pause") continue;
        CHECK(row.who == "paul@desk");
        CHECK(row.from == "API");
        CHECK(row.because == "wrong price");
    }
    CHECK(campaigns.store.audit("x", 2).size() == 2);
    CHECK(campaigns.store.audit("y", 2).empty());
    CHECK(campaigns.store.audit("", 10).size() == 5);
    CHECK_THROWS_AS(campaigns.store.move({head.id.value + 1}, {running}, cancelled, "", kOperator),
                    RefusedError);
}

TEST_CASE("test runs are counted by name", "[store][contract]") {
    Campaigns campaigns;
    const auto name = *CampaignName::parse("spring");
    CHECK(campaigns.store.last_test_run(name) == 0);
    for (const auto* const other : {"spring", "spring#test-2", "spring#test-10", "spring#test-9",
                                    "spring2#test-99", "Spring#test-99", "spring#tesu-99"}) {
        start_campaign(campaigns.store, other);
    }
    CHECK(campaigns.store.last_test_run(name) == 10);
    CHECK(campaigns.store.list(100).size() == 7);
    CHECK(campaigns.store.list(3).size() == 3);
}

TEST_CASE("flags are counted by state and code, for their campaign alone", "[store][contract]") {
    Campaigns campaigns;
    const auto mine = start_campaign(campaigns.store, "a", {chunk_of(0, "a", "m", 2)}, "sale");
    const auto sister = start_campaign(campaigns.store, "b", {}, "sale");
    auto& session = campaigns.store.session();
    const auto claim_id = make_claim_id({0x90000000U}, 1);
    session.lease_chunk(mine.id, {0}, Fence{0}, {0x90000000U}, 30s);
    claim(session, mine, claim_id, {"a", "b", "c", "d"});
    claim(session, sister, make_claim_id({2}, 1), {"e"});
    session.confirm_range({mine.scope, "a", "b"}, claim_id);
    CHECK(campaigns.store.count_claimed(mine.id, mine.scope) == 2);
    CHECK(campaigns.store.count_claimed(sister.id, mine.scope) == 0);

    std::uint64_t delivered = 0;
    std::uint64_t claimed = 0;
    for (const auto& count : campaigns.store.count_flags(mine.id, mine.scope)) {
        (count.state == FlagState::delivered ? delivered : claimed) += count.rows;
        CHECK(count.code == Code{});
    }
    CHECK(delivered == 2);
    CHECK(claimed == 2);

    const auto flags = campaigns.store.flags_of("a");
    REQUIRE(flags.size() == 1);
    CHECK(flags[0].campaign == "a");
    CHECK(flags[0].scope == "sale");
    CHECK(flags[0].row.state == FlagState::delivered);
    CHECK(flags[0].row.claim == claim_id);
    CHECK(campaigns.store.flags_of("A").empty());
}

TEST_CASE("a store that nobody made is told so, and not made by looking", "[store]") {
    const TemporaryFolder folder;
    StoreOptions options;
    options.url = "sqlite:" + folder.path() + "/x/store.db";
    const auto campaigns = sqlite::open_campaign_store(options);
    CHECK(campaigns->schema_version().found == 0);
    CHECK(error_of([&] { campaigns->find("x"); }) == StoreError::Kind::schema);
    CHECK(error_of([&] { sqlite::open_store(options)->connect(); }) == StoreError::Kind::schema);
    CHECK_FALSE(std::filesystem::exists(folder.path() + "/x"));
    options.url = "sqlite:";
    CHECK_THROWS_AS(sqlite::open_store(options), ConfigError);
}

}  // namespace dispatcher::test
