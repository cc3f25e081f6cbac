// What retention takes out of every kind of store, and what it must leave.
#include <algorithm>

#include "store/store_under_test.h"

namespace dispatcher::test {
namespace {

using enum CampaignState;

void finish(CampaignStore& campaigns, const CampaignHead& campaign) {
    campaigns.move(campaign.id, {running}, cancelled, "cancel", kOperator);
}

std::optional<FinishedCampaign> finished(Retention& retention, std::string_view name) {
    for (auto& campaign : retention.finished())
        if (campaign.name == name) return campaign;
    return std::nullopt;
}

std::vector<std::string> appids(int count) {
    std::vector<std::string> all;
    for (int i = 0; i < count; ++i)
        all.push_back("d-" + std::to_string(1000 + i));
    return all;
}

std::uint64_t delete_all(Retention& retention, ScopeId scope, std::size_t page) {
    std::uint64_t rows = 0;
    for (std::string after;;) {
        const auto deleted = retention.delete_flags(scope, after, page);
        REQUIRE_FALSE(deleted.is_refused);
        CHECK(deleted.rows <= page);
        rows += deleted.rows;
        if (deleted.is_over) return rows;
        after = deleted.next;
    }
}

std::size_t audit_rows(CampaignStore& campaigns, std::string_view name, std::string_view action) {
    const auto rows = campaigns.audit(name, 100);
    return static_cast<std::size_t>(
        std::ranges::count_if(rows, [&](const AuditRow& row) { return row.action == action; }));
}

}  // namespace

TEST_CASE("data is dropped from finished campaigns only, and its hash stays", "[contract]") {
    const auto kind = GENERATE(from_range(store_kinds()));
    CAPTURE(kind);
    StoreUnderTest test(kind);
    const auto campaign = start_campaign(test.campaigns(), "sale",
                                         {chunk_of(1, "a", "f", 3), chunk_of(2, "g", "k", 2)});
    const std::vector<Retention::DroppedData> dropped = {{{1}, Sha256::of("one")}};
    CHECK_FALSE(finished(test.retention(), "sale"));
    CHECK_FALSE(test.retention().drop_data(campaign.id, dropped));
    CHECK(test.campaigns().session().read_payload(campaign.id, {1}, true)->data);

    finish(test.campaigns(), campaign);
    const auto found = finished(test.retention(), "sale");
    REQUIRE(found);
    CHECK(found->recipients == 5);
    CHECK(found->has_data);
    CHECK(test.retention().chunks_with_data(campaign.id, {0}, 10) ==
          std::vector<ChunkNo>{{1}, {2}});
    for (int time = 0; time < 2; ++time) {  // twice is once
        CHECK(test.retention().drop_data(campaign.id, dropped));
        const auto payload = test.campaigns().session().read_payload(campaign.id, {1}, true);
        REQUIRE(payload);
        CHECK_FALSE(payload->data);
        CHECK(payload->data_sha256 == Sha256::of("one"));
        CHECK(payload->sha256 == Sha256::of("chunk"));
        CHECK(payload->keys == chunk_of(1, "a", "f", 3).keys);
    }
    CHECK(test.retention().chunks_with_data(campaign.id, {0}, 10) == std::vector<ChunkNo>{{2}});
    CHECK(test.campaigns().session().read_payload(campaign.id, {2}, true)->data ==
          chunk_of(2, "g", "k", 2).data);
    // Keys alone are read as before.
    CHECK_FALSE(test.campaigns().session().read_payload(campaign.id, {1}, false)->data_sha256);
}

TEST_CASE("a purge removes flags page by page and leaves a tombstone of the campaign",
          "[contract]") {
    const auto kind = GENERATE(from_range(store_kinds()));
    CAPTURE(kind);
    StoreUnderTest test(kind);
    auto& retention = test.retention();
    const auto old = start_campaign(test.campaigns(), "old", {chunk_of(1, "d-1000", "d-1024", 25)});
    const auto other = start_campaign(test.campaigns(), "other");
    auto& session = test.campaigns().session();
    REQUIRE(claim(session, old, {1}, appids(25)) == 25);
    REQUIRE(claim(session, other, {2}, appids(25)) == 25);

    CHECK_FALSE(retention.mark_purged(old.scope, "400 days", kOperator));
    CHECK(retention.delete_flags(old.scope, "", 10).is_refused);
    CHECK(retention.delete_chunks(old.id, 10) == 0);

    finish(test.campaigns(), old);
    CHECK(retention.delete_flags(old.scope, "", 10).is_refused);  // finished is not purged
    CHECK(retention.mark_purged(old.scope, "400 days", kOperator));
    CHECK(retention.mark_purged(old.scope, "400 days", kOperator));
    CHECK(audit_rows(test.campaigns(), "old", "purge") == 1);
    CHECK(finished(retention, "old")->has_chunks);

    CHECK(delete_all(retention, old.scope, 10) == 25);
    CHECK(delete_all(retention, old.scope, 10) == 0);
    CHECK(retention.delete_chunks(old.id, 10) == 1);
    CHECK_FALSE(finished(retention, "old"));  // nothing is left to do

    const auto record = test.campaigns().find("old");
    REQUIRE(record);
    CHECK(record->head.state == purged);
    CHECK(record->campaign.message.locales.at("en").title ==
          campaign_named("old").message.locales.at("en").title);
    CHECK(flag_of(session, other.scope, "d-1000"));
    CHECK_FALSE(flag_of(session, old.scope, "d-1000"));
    CHECK(test.campaigns().move(old.id, {purged}, running, "resume", kOperator).state == purged);
}

TEST_CASE("the flags of a scope stay while one of its campaigns is not finished", "[contract]") {
    const auto kind = GENERATE(from_range(store_kinds()));
    CAPTURE(kind);
    StoreUnderTest test(kind);
    auto& retention = test.retention();
    auto& session = test.campaigns().session();
    const auto first = start_campaign(test.campaigns(), "first", {}, "shared");
    REQUIRE(claim(session, first, {1}, appids(5)) == 5);
    finish(test.campaigns(), first);
    const auto second = start_campaign(test.campaigns(), "second", {}, "shared");
    REQUIRE(first.scope == second.scope);
    CHECK(retention.has_unfinished(first.scope));
    CHECK_FALSE(retention.mark_purged(first.scope, "", kOperator));
    CHECK(test.campaigns().find("first")->head.state == cancelled);

    finish(test.campaigns(), second);
    CHECK(retention.mark_purged(first.scope, "", kOperator));
    CHECK(test.campaigns().find("second")->head.state == purged);
    // A campaign that comes between the mark and the flags keeps them all.
    const auto third = start_campaign(test.campaigns(), "third", {}, "shared");
    REQUIRE(claim(session, third, {3}, {"e-1"}) == 1);
    const auto kept = retention.delete_flags(first.scope, "", 100);
    CHECK(kept.is_refused);
    CHECK(kept.rows == 0);
    CHECK(flag_of(session, first.scope, "d-1000"));
    // Once it is finished, too, the purge goes on, and only with what purged campaigns hold.
    finish(test.campaigns(), third);
    CHECK(delete_all(retention, first.scope, 2) == 5);
    CHECK(flag_of(session, first.scope, "e-1"));
}

TEST_CASE("orders are signs of life, and what retention does is none", "[contract]") {
    const auto kind = GENERATE(from_range(store_kinds()));
    CAPTURE(kind);
    StoreUnderTest test(kind);
    const auto campaign = start_campaign(test.campaigns(), "sale", {chunk_of(1, "a", "f", 3)});
    finish(test.campaigns(), campaign);
    const auto before = finished(test.retention(), "sale")->last_order;
    CHECK(before <= test.retention().now());
    while (test.retention().now() <= before)
        continue;
    test.campaigns().add_audit(campaign.id, "purge", "", kOperator);
    test.campaigns().add_audit(campaign.id, "forget", "", kOperator);
    CHECK(finished(test.retention(), "sale")->last_order == before);
    test.campaigns().add_audit(campaign.id, "resolve", "", kOperator);
    CHECK(finished(test.retention(), "sale")->last_order > before);
}

TEST_CASE("a flag's age counts for its holder, or for the whole scope", "[contract]") {
    const auto kind = GENERATE(from_range(store_kinds()));
    CAPTURE(kind);
    StoreUnderTest test(kind);
    auto& session = test.campaigns().session();
    const auto first = start_campaign(test.campaigns(), "first", {}, "shared");
    const auto second = start_campaign(test.campaigns(), "second", {}, "shared");
    const auto before = test.retention().now();
    REQUIRE(claim(session, first, {1}, {"d-1"}) == 1);
    auto& retention = test.retention();
    CHECK(retention.has_flag_since(first.scope, first.id, before));
    CHECK(retention.has_flag_since(first.scope, std::nullopt, before));
    CHECK_FALSE(retention.has_flag_since(first.scope, second.id, before));
    CHECK_FALSE(retention.has_flag_since(first.scope, first.id, before + std::chrono::hours(1)));
}

TEST_CASE("dead tokens are forgotten by the time of their last word, page by page", "[contract]") {
    const auto kind = GENERATE(from_range(store_kinds()));
    CAPTURE(kind);
    StoreUnderTest test(kind);
    auto& retention = test.retention();
    auto& session = test.campaigns().session();
    const auto note = [&](std::string_view letters) {
        std::vector<DeadToken> tokens;
        for (const char letter : letters) {
            tokens.emplace_back();
            tokens.back().mark = std::string(32, letter);
        }
        session.begin();
        session.note_dead_tokens(tokens);
        session.commit();
    };
    const auto later = [&](WallTime than) {
        while (retention.now() <= than)
            continue;
        return retention.now();
    };
    note("acegi");
    const auto cut = later(retention.now());
    later(cut);
    note("bc");  // one of them again
    CHECK(retention.count_dead_tokens(WallTime{}) == 0);
    CHECK(retention.count_dead_tokens(cut) == 4);
    CHECK(retention.delete_dead_tokens(WallTime{}, "", 100).rows == 0);
    std::uint64_t rows = 0;
    int pages = 0;
    for (std::string after;; ++pages) {
        const auto deleted = retention.delete_dead_tokens(cut, after, 2);
        CHECK_FALSE(deleted.is_refused);
        CHECK(deleted.rows <= 2);
        rows += deleted.rows;
        if (deleted.is_over) break;
        after = deleted.next;
    }
    CHECK(rows == 4);
    CHECK(pages == 3);
    CHECK(retention.count_dead_tokens(cut) == 0);
    std::vector<std::string> marks;
    for (const char letter : std::string("abcegi"))
        marks.emplace_back(32, letter);
    std::string left;
    for (const auto& token : session.read_dead_tokens(views_of(marks)))
        left += token.mark.front();
    CHECK(left == "bc");
}

}  // namespace dispatcher::test
