// How a device is forgotten in every kind of store, and how its flags hold on.
#include <algorithm>

#include "campaign/tombstone.h"
#include "store/store_under_test.h"

namespace dispatcher::test {
namespace {

using enum CampaignState;

void finish(CampaignStore& campaigns, const CampaignHead& campaign) {
    campaigns.move(campaign.id, {running}, cancelled, "cancel", kOperator);
}

void settle(StoreSession& session, const CampaignHead& campaign, ClaimId claim_id,
            std::string_view appid, FlagState to = FlagState::delivered) {
    Settled settled;
    settled.to = to;
    session.begin();
    session.settle_keys(campaign.scope, claim_id, settled, std::vector{appid});
    session.commit();
}

RewrittenChunk rewritten(const ChunkPayload& seen, std::string_view tombstone) {
    RewrittenChunk to;
    to.seen_sha256 = seen.sha256;
    to.seen_data = seen.data.has_value();
    to.key_lo = "b";
    to.key_hi = "f";
    to.tombstones = seen.forgotten;
    to.tombstones.push(tombstone);
    to.keys = std::string("fewer \0 keys", 12);
    if (seen.data) to.data = "less data";
    to.data_sha256 = Sha256::of("less data");
    to.sha256 = Sha256::of("now");
    return to;
}

}  // namespace

TEST_CASE("the places of an appid are the chunks whose range covers it", "[contract]") {
    const auto kind = GENERATE(from_range(store_kinds()));
    CAPTURE(kind);
    StoreUnderTest test(kind);
    const auto campaign = start_campaign(test.campaigns(), "sale",
                                         {chunk_of(1, "a", "f", 3), chunk_of(2, "g", "k", 2)});
    const auto draft = test.campaigns().begin_draft({1});
    test.campaigns().add_chunks(draft, {chunk_of(1, "c", "c", 1)});
    const auto places = test.device_records().places_of("c");
    REQUIRE(places.size() == 2);
    const auto sealed = places[0].name == "sale" ? places[0] : places[1];
    const auto drafted = places[0].name == "sale" ? places[1] : places[0];
    CHECK(sealed.campaign == campaign.id);
    CHECK(sealed.scope == campaign.scope);
    CHECK(sealed.state == running);
    CHECK(sealed.chunk == ChunkNo{1});
    CHECK(drafted.campaign == draft);
    CHECK(drafted.name.empty());
    CHECK(test.device_records().places_of("z").empty());
}

TEST_CASE("the key of the tombstones is drawn once for all", "[contract]") {
    const auto kind = GENERATE(from_range(store_kinds()));
    CAPTURE(kind);
    StoreUnderTest test(kind);
    const auto key = test.device_records().tombstone_key();
    CHECK(key.size() == 32);
    CHECK(test.device_records().tombstone_key() == key);
}

TEST_CASE("a chunk is rewritten as it was seen, or not at all", "[contract]") {
    const auto kind = GENERATE(from_range(store_kinds()));
    CAPTURE(kind);
    StoreUnderTest test(kind);
    auto& records = test.device_records();
    auto& session = test.campaigns().session();
    const auto campaign = start_campaign(test.campaigns(), "sale", {chunk_of(1, "a", "f", 3)});
    const auto seen = *session.read_payload(campaign.id, {1}, true);
    const auto tombstone = tombstone_of("key", campaign.scope, "a");
    const auto to = rewritten(seen, tombstone);
    CHECK_FALSE(records.rewrite_chunk(campaign.id, {1}, to));  // it runs
    finish(test.campaigns(), campaign);
    auto stale = to;
    stale.seen_sha256 = Sha256::of("something else");
    CHECK_FALSE(records.rewrite_chunk(campaign.id, {1}, stale));
    stale = to;
    stale.seen_data = false;
    CHECK_FALSE(records.rewrite_chunk(campaign.id, {1}, stale));

    CHECK(records.rewrite_chunk(campaign.id, {1}, to));
    CHECK(records.rewrite_chunk(campaign.id, {1}, to));  // an answer that was lost
    const auto now = *session.read_payload(campaign.id, {1}, true);
    CHECK(now.sha256 == Sha256::of("now"));
    CHECK(now.keys == to.keys);
    CHECK(now.data == "less data");
    REQUIRE(now.forgotten.size() == 1);
    CHECK(now.forgotten[0] == tombstone);
    CHECK(session.list_chunks(campaign.id, {1}, 1).front().key_lo == "b");
    CHECK(records.places_of("a").empty());

    // Retention drops what is left of the data as of any other chunk.
    CHECK(test.retention().chunks_with_data(campaign.id, {0}, 9).size() == 1);
    const std::vector<Retention::DroppedData> dropped = {{{1}, Sha256::of("less data")}};
    CHECK(test.retention().drop_data(campaign.id, dropped));
    const auto bare = *session.read_payload(campaign.id, {1}, true);
    CHECK_FALSE(bare.data);
    CHECK(bare.data_sha256 == Sha256::of("less data"));
    CHECK(bare.sha256 == Sha256::of("now"));
    CHECK(bare.forgotten.size() == 1);
    CHECK(test.retention().chunks_with_data(campaign.id, {0}, 9).empty());
}

TEST_CASE("a buried flag holds under its tombstone, and nowhere else", "[contract]") {
    const auto kind = GENERATE(from_range(store_kinds()));
    CAPTURE(kind);
    StoreUnderTest test(kind);
    auto& records = test.device_records();
    auto& session = test.campaigns().session();
    const auto campaign = start_campaign(test.campaigns(), "sale");
    const auto tombstone = tombstone_of("key", campaign.scope, "d-1");
    REQUIRE(claim(session, campaign, {7}, {"d-1", "d-2"}) == 2);
    CHECK_FALSE(records.bury_flag(campaign.scope, "d-1", tombstone, {}));  // it is claimed
    settle(session, campaign, {7}, "d-1");
    CHECK_FALSE(records.has_tombstones(campaign.scope));

    CHECK(records.bury_flag(campaign.scope, "d-1", tombstone, {}));
    CHECK(records.bury_flag(campaign.scope, "d-1", tombstone, {}));
    CHECK_FALSE(flag_of(session, campaign.scope, "d-1"));
    const auto buried = flag_of(session, campaign.scope, tombstone);
    REQUIRE(buried);
    CHECK(buried->state == FlagState::delivered);
    CHECK(buried->campaign == campaign.id);
    CHECK(flag_of(session, campaign.scope, "d-2"));
    CHECK(records.has_tombstones(campaign.scope));
}

TEST_CASE("no flag is buried that a launch or a running campaign may ask for", "[contract]") {
    const auto kind = GENERATE(from_range(store_kinds()));
    CAPTURE(kind);
    StoreUnderTest test(kind);
    auto& records = test.device_records();
    auto& session = test.campaigns().session();
    const auto campaign = start_campaign(test.campaigns(), "sale", {}, "shared");
    REQUIRE(claim(session, campaign, {7}, {"d-1"}) == 1);
    settle(session, campaign, {7}, "d-1");
    finish(test.campaigns(), campaign);
    const auto tombstone = tombstone_of("key", campaign.scope, "d-1");
    const auto draft = test.campaigns().begin_draft({1});
    test.campaigns().add_chunks(draft, {chunk_of(1, "d-0", "d-9", 2)});
    CHECK_FALSE(records.bury_flag(campaign.scope, "d-1", tombstone, {}));
    CHECK(flag_of(session, campaign.scope, "d-1"));
    // Whoever looked into that chunk and did not find it there may go on.
    CHECK(records.bury_flag(campaign.scope, "d-1", tombstone, records.places_of("d-1")));
    CHECK(flag_of(session, campaign.scope, tombstone));
}

TEST_CASE("a forgotten device that is named again is not free", "[contract]") {
    const auto kind = GENERATE(from_range(store_kinds()));
    CAPTURE(kind);
    StoreUnderTest test(kind);
    auto& records = test.device_records();
    auto& session = test.campaigns().session();
    const auto first = start_campaign(test.campaigns(), "first", {}, "shared");
    const auto tombstone = [&](std::string_view appid) {
        return tombstone_of("key", first.scope, appid);
    };
    REQUIRE(claim(session, first, {7}, {"d-1", "d-2"}) == 2);
    settle(session, first, {7}, "d-1");
    settle(session, first, {7}, "d-2", FlagState::released);
    for (const auto* const appid : {"d-1", "d-2"})
        REQUIRE(records.bury_flag(first.scope, appid, tombstone(appid), {}));

    const std::vector<DeviceRecords::Revival> named = {
        {tombstone("d-1"), "d-1"}, {tombstone("d-2"), "d-2"}, {tombstone("d-3"), "d-3"}};
    CHECK(records.revive(first.scope, named) == 1);
    CHECK(records.revive(first.scope, named) == 0);
    const auto revived = flag_of(session, first.scope, "d-1");
    REQUIRE(revived);
    CHECK(revived->state == FlagState::delivered);
    CHECK(revived->campaign == kForgottenHolder);
    CHECK(flag_of(session, first.scope, tombstone("d-1")));  // the first campaign's report has it
    // d-2 was proved not sent: the second campaign may have it, as any other released one.
    finish(test.campaigns(), first);
    const auto second = start_campaign(test.campaigns(), "second", {}, "shared");
    CHECK(claim(session, second, {8}, {"d-1", "d-2", "d-3"}) == 2);

    // Forgotten once more: what a campaign holds stays, what nobody holds goes.
    settle(session, second, {8}, "d-2");
    REQUIRE(records.bury_flag(first.scope, "d-1", tombstone("d-1"), {}));
    REQUIRE(records.bury_flag(first.scope, "d-2", tombstone("d-2"), {}));
    CHECK(flag_of(session, first.scope, tombstone("d-1"))->campaign == first.id);
    CHECK(flag_of(session, first.scope, tombstone("d-2"))->campaign == second.id);
    CHECK(flag_of(session, first.scope, tombstone("d-2"))->state == FlagState::delivered);
    CHECK_FALSE(flag_of(session, first.scope, "d-1"));
    CHECK_FALSE(flag_of(session, first.scope, "d-2"));
}

TEST_CASE("a claim names its process", "[contract]") {
    const auto kind = GENERATE(from_range(store_kinds()));
    CAPTURE(kind);
    StoreUnderTest test(kind);
    test.campaigns().session().insert_incarnation({77}, "web1", "boot", 4711);
    const auto process = test.device_records().process_of({77});
    REQUIRE(process);
    CHECK(process->host == "web1");
    CHECK(process->pid == 4711);
    CHECK_FALSE(process->closed_at);
    CHECK_FALSE(test.device_records().process_of({78}));
}

}  // namespace dispatcher::test
