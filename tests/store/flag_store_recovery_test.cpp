// What FlagStore does with the journal of a dead process, over every store.

#include "store/flag_store.h"
#include "store/store_under_test.h"

namespace dispatcher::test {
namespace {

constexpr IncarnationId kDead{0x77};
constexpr IncarnationId kMe{0x88};
constexpr ClaimId kClaim = make_claim_id(kDead, 1);
constexpr std::chrono::seconds kLease{30};

/// A campaign of one chunk with three recipients, claimed by a process that died.
struct Left {
    StoreUnderTest under_test{GENERATE(from_range(store_kinds()))};
    FlagStore flags{under_test.store(), kLease};
    CampaignHead campaign =
        start_campaign(under_test.campaigns(), "spring", {chunk_of(0, "a", "c", 3)});
    LeftRows batch;

    Left() {
        batch.claim = kClaim;
        for (const auto* appid : {"a", "b", "c"})
            batch.all.push(appid);
        const auto wanted = flags.leasable(campaign.id, GatewayNo{0}, {}, 1);
        REQUIRE(flags.lease(wanted.at(0), campaign.scope, kDead, {}).has_value());
        REQUIRE(claim(flags.session(), campaign, kClaim, {"a", "b", "c"}) == 3);
    }
    RecoveredRows recover() {
        return flags.recover(campaign.id, campaign.scope, ChunkNo{0}, kDead, kMe,
                             std::span(&batch, 1));
    }
    FlagState state_of(std::string_view appid) {
        const auto flag = flag_of(flags.session(), campaign.scope, appid);
        REQUIRE(flag.has_value());
        return flag->state;
    }
    CampaignState campaign_state() { return flags.session().read_campaign(campaign.id)->state; }
    ChunkState chunk_state() {
        return flags.session().list_chunks(campaign.id, ChunkNo{0}, 1).at(0).state;
    }
};

}  // namespace

TEST_CASE("recovery settles each row by what the journal proves, once", "[store][contract]") {
    Left left;
    left.batch.never_sent.push("a");
    left.batch.on_the_wire.push("b");
    Settled delivered;
    delivered.from_doubt = true;
    left.batch.answered.push_back({delivered, {}});
    left.batch.answered[0].appids.push("c");

    const auto first = left.recover();
    CHECK(first.never_sent == 1);
    CHECK(first.in_doubt == 1);
    CHECK(first.answered == 1);
    CHECK(left.state_of("a") == FlagState::released);
    CHECK(left.state_of("b") == FlagState::in_doubt);
    CHECK(left.state_of("c") == FlagState::delivered);
    CHECK(left.chunk_state() == ChunkState::open);

    const auto second = left.recover();
    CHECK(second.never_sent + second.in_doubt + second.answered == 0);
    CHECK(left.state_of("b") == FlagState::in_doubt);
}

TEST_CASE("a row that was sent and refused unprocessed is free again, and counted as such",
          "[store][contract]") {
    Left left;
    Settled refused;
    refused.to = FlagState::released;
    refused.code.reason = Reason::too_many_requests;
    refused.from_doubt = true;
    refused.tries_added = 1;
    left.batch.refused.push_back({refused, {}});
    left.batch.refused[0].appids.push("a");
    const auto first = left.recover();
    CHECK(first.refused == 1);
    CHECK(first.never_sent == 0);
    CHECK(left.state_of("a") == FlagState::released);
    CHECK(left.recover().refused == 0);
}

TEST_CASE("a journal that knows nothing new leaves a finished campaign finished",
          "[store][contract]") {
    Left left;
    Settlement settlement;
    settlement.campaign = left.campaign.id;
    settlement.scope = left.campaign.scope;
    settlement.claim = kClaim;
    settlement.groups.push_back({Settled{}, {}});
    for (const auto* appid : {"a", "b", "c"}) {
        settlement.groups[0].appids.push(appid);
        left.batch.never_sent.push(appid);
    }
    // The process died between the commit of its settlement and the freeing of its journal.
    left.flags.settle(settlement);
    auto chunk = left.flags.session().list_chunks(left.campaign.id, ChunkNo{0}, 1).at(0);
    CHECK(left.flags.finish(chunk, left.campaign.scope, left.batch.all, 5, false).is_settled);
    using enum CampaignState;
    const auto head = left.flags.move(left.campaign.id, running, left.campaign.epoch, reconciling);
    left.flags.finish_campaign(left.campaign.id, head.epoch, done);
    REQUIRE(left.campaign_state() == done);
    REQUIRE(left.chunk_state() == ChunkState::closed);

    CHECK(left.recover().never_sent == 0);
    CHECK(left.campaign_state() == done);
    CHECK(left.chunk_state() == ChunkState::closed);
}

TEST_CASE("a chunk that stands behind what was acknowledged is never finished quietly",
          "[store][contract]") {
    Left left;
    auto held = left.flags.session().list_chunks(left.campaign.id, ChunkNo{0}, 1).at(0);
    const auto error_with = [&](const ChunkHead& acknowledged) {
        return error_of([&] {
            left.flags.finish(acknowledged, left.campaign.scope, left.batch.all, 5, false);
        });
    };
    held.claim_seq += 1;
    CHECK(error_with(held) == StoreError::Kind::durability_lost);
    held.claim_seq -= 1;
    held.fence.value += 1;
    CHECK(error_with(held) == StoreError::Kind::durability_lost);
    held.fence.value -= 2;
    CHECK_FALSE(error_with(held).has_value());  // another's by now
    CHECK(left.chunk_state() == ChunkState::leased);
}

}  // namespace dispatcher::test
