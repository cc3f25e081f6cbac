// The contract of StoreSession's operations on campaigns, chunks, budgets and incarnations.

#include <chrono>

#include "store/store_under_test.h"

namespace dispatcher::test {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr IncarnationId kMe{0xFEDCBA98U};
constexpr IncarnationId kOther{5};

struct Chunks {
    StoreUnderTest under_test{GENERATE(from_range(store_kinds()))};
    std::unique_ptr<StoreSession> session = under_test.store().connect();
    CampaignHead campaign = start_campaign(
        under_test.campaigns(), "spring",
        {chunk_of(0, "a", "f", 3), chunk_of(1, "g", "m", 2), chunk_of(2, "n", "z", 1)});

    ChunkHead chunk(std::uint32_t no) {
        session->begin();
        const auto head = session->lock_chunk(campaign.id, {no});
        session->commit();
        REQUIRE(head.has_value());
        return *head;
    }
    void lease(std::uint32_t no, IncarnationId owner, milliseconds ttl = 30s) {
        session->lease_chunk(campaign.id, {no}, chunk(no).fence, owner, ttl);
    }
    std::vector<std::uint32_t> leasable(const std::vector<IncarnationId>& dead = {},
                                        milliseconds ttl = 30s, std::size_t limit = 10,
                                        GatewayNo gateway = {0}) {
        std::vector<std::uint32_t> numbers;
        for (const auto& head : session->leasable_chunks(campaign.id, gateway, ttl, dead, limit)) {
            numbers.push_back(head.no.value);
        }
        return numbers;
    }
};

using Numbers = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("a new chunk is open and reads back as it was sealed", "[store][contract]") {
    Chunks chunks;
    const auto head = chunks.chunk(1);
    CHECK(head.campaign == chunks.campaign.id);
    CHECK(head.no == ChunkNo{1});
    CHECK(head.gateway == GatewayNo{0});
    CHECK(head.state == ChunkState::open);
    CHECK(head.owner.value == 0);
    CHECK_FALSE(head.owner_closed);
    CHECK(head.fence.value == 0);
    CHECK(head.claim_seq == 0);
    CHECK(head.key_lo == "g");
    CHECK(head.key_hi == "m");
    CHECK(head.rows == 2);
    CHECK(head.now >= chunks.campaign.now);

    const auto sealed = chunk_of(1, "g", "m", 2);
    const auto whole = chunks.session->read_payload(chunks.campaign.id, {1}, true);
    REQUIRE(whole.has_value());
    CHECK(whole->keys == sealed.keys);
    CHECK(whole->data == sealed.data);
    CHECK(whole->sha256 == sealed.sha256);
    const auto keys = chunks.session->read_payload(chunks.campaign.id, {1}, false);
    REQUIRE(keys.has_value());
    CHECK(keys->keys == sealed.keys);
    CHECK_FALSE(keys->data.has_value());
    CHECK_FALSE(chunks.session->read_payload(chunks.campaign.id, {9}, true).has_value());
}

TEST_CASE("a lease counts the fence up, and only from the fence that was seen",
          "[store][contract]") {
    Chunks chunks;
    chunks.lease(0, kMe);
    const auto mine = chunks.chunk(0);
    CHECK(mine.state == ChunkState::leased);
    CHECK(mine.owner == kMe);
    CHECK(mine.fence == Fence{1});
    CHECK(mine.lease_until >= mine.now + 25s);
    CHECK(mine.lease_until <= mine.now + 30s);

    chunks.session->lease_chunk(chunks.campaign.id, {0}, Fence{0}, kOther, 30s);
    CHECK(chunks.chunk(0).owner == kMe);
    chunks.session->lease_chunk(chunks.campaign.id, {0}, Fence{1}, kOther, 30s);
    CHECK(chunks.chunk(0).owner == kOther);
    CHECK(chunks.chunk(0).fence == Fence{2});
    CHECK(chunks.chunk(1).state == ChunkState::open);
}

TEST_CASE("a claim moves claim_seq and the lease", "[store][contract]") {
    Chunks chunks;
    chunks.lease(0, kMe, 1s);
    chunks.session->advance_chunk(chunks.campaign.id, {0}, 41, 60s);
    const auto head = chunks.chunk(0);
    CHECK(head.claim_seq == 41);
    CHECK(head.lease_until >= head.now + 50s);
    CHECK(chunks.chunk(1).claim_seq == 0);
}

TEST_CASE("only the holder at its fence renews a lease", "[store][contract]") {
    Chunks chunks;
    chunks.lease(0, kMe, 1s);
    const auto before = chunks.chunk(0);
    chunks.session->renew_chunk(chunks.campaign.id, {0}, before.fence, kOther, 90s);
    chunks.session->renew_chunk(chunks.campaign.id, {0}, Fence{7}, kMe, 90s);
    CHECK(chunks.chunk(0).lease_until == before.lease_until);
    chunks.session->renew_chunk(chunks.campaign.id, {0}, before.fence, kMe, 90s);
    CHECK(chunks.chunk(0).lease_until > before.lease_until + 60s);
    chunks.session->close_chunk(chunks.campaign.id, {0});
    chunks.session->renew_chunk(chunks.campaign.id, {0}, before.fence, kMe, 90s);
    CHECK(chunks.chunk(0).lease_until < before.lease_until);
}

TEST_CASE("free chunks are those that are open, due, expired, stepped or of the dead",
          "[store][contract]") {
    Chunks chunks;
    CHECK(chunks.leasable() == Numbers{0, 1, 2});
    CHECK(chunks.leasable({}, 30s, 2) == Numbers{0, 1});
    CHECK(chunks.leasable({}, 30s, 10, {1}).empty());

    chunks.lease(0, kMe);
    CHECK(chunks.leasable() == Numbers{1, 2});
    CHECK(chunks.leasable({{kOther}}) == Numbers{1, 2});
    CHECK(chunks.leasable({{kOther, kMe}}) == Numbers{0, 1, 2});

    chunks.session->close_chunk(chunks.campaign.id, {1});
    CHECK(chunks.leasable() == Numbers{2});
    CHECK(chunks.session->count_open_chunks(chunks.campaign.id) == 2);
    chunks.session->open_chunk(chunks.campaign.id, {2}, 60s);
    CHECK(chunks.leasable().empty());
    chunks.session->open_chunk(chunks.campaign.id, {1}, 0s);
    CHECK(chunks.leasable() == Numbers{1});

    // A lease in the past, and one further in the future than any lease can reach.
    chunks.lease(0, kMe, -1s);
    CHECK(chunks.leasable() == Numbers{0, 1});
    chunks.lease(0, kMe, 61s);
    CHECK(chunks.leasable() == Numbers{0, 1});
    chunks.lease(0, kMe, 55s);
    CHECK(chunks.leasable() == Numbers{1});
}

TEST_CASE("the chunks of a closed incarnation are free at once", "[store][contract]") {
    Chunks chunks;
    chunks.session->insert_incarnation(kMe, "host", std::string(36, 'b'), 4711);
    chunks.lease(0, kMe);
    CHECK(chunks.leasable() == Numbers{1, 2});
    CHECK_FALSE(chunks.session->is_incarnation_closed(kMe));
    CHECK_FALSE(chunks.chunk(0).owner_closed);
    chunks.session->close_incarnation(kMe);
    chunks.session->close_incarnation(kMe);
    CHECK(chunks.session->is_incarnation_closed(kMe));
    CHECK_FALSE(chunks.session->is_incarnation_closed(kOther));
    CHECK(chunks.chunk(0).owner_closed);
    CHECK(chunks.leasable() == Numbers{0, 1, 2});
}

TEST_CASE("an incarnation's number is taken once", "[store][contract]") {
    Chunks chunks;
    chunks.session->insert_incarnation(kMe, "host", "boot", 1);
    CHECK(error_of([&] { chunks.session->insert_incarnation(kMe, "host", "boot", 2); }) ==
          StoreError::Kind::duplicate);
    chunks.session->insert_incarnation(kOther, "host", "boot", 3);
}

TEST_CASE("chunks are listed in order, page by page", "[store][contract]") {
    Chunks chunks;
    const auto page = chunks.session->list_chunks(chunks.campaign.id, {1}, 5);
    REQUIRE(page.size() == 2);
    CHECK(page[0].no == ChunkNo{1});
    CHECK(page[1].no == ChunkNo{2});
    CHECK(chunks.session->list_chunks(chunks.campaign.id, {0}, 1).size() == 1);
    CHECK(chunks.session->list_chunks({chunks.campaign.id.value + 1}, {0}, 5).empty());
}

TEST_CASE("a campaign moves only from the state and epoch that were seen", "[store][contract]") {
    Chunks chunks;
    const auto move = [&](CampaignState from, std::uint64_t epoch, CampaignState to) {
        chunks.session->begin();
        REQUIRE(chunks.session->lock_campaign(chunks.campaign.id).has_value());
        chunks.session->move_campaign(chunks.campaign.id, from, epoch, to);
        chunks.session->commit();
        return *chunks.session->read_campaign(chunks.campaign.id);
    };
    const auto epoch = chunks.campaign.epoch;
    CHECK(chunks.campaign.state == CampaignState::running);
    CHECK(move(CampaignState::paused, epoch, CampaignState::running).epoch == epoch);
    CHECK(move(CampaignState::running, epoch + 1, CampaignState::paused).state ==
          CampaignState::running);
    const auto moved = move(CampaignState::running, epoch, CampaignState::reconciling);
    CHECK(moved.state == CampaignState::reconciling);
    CHECK(moved.epoch == epoch + 1);
    CHECK_FALSE(chunks.session->read_campaign({chunks.campaign.id.value + 1}).has_value());
}

TEST_CASE("a budget hands out its rate and no more", "[store][contract]") {
    Chunks chunks;
    const auto reserve = [&](std::uint32_t n, milliseconds horizon, const char* gateway = "ios") {
        return chunks.session->reserve(chunks.campaign.id, gateway, n, 100, horizon);
    };
    const auto first = reserve(200, 2s);
    CHECK(first.granted);
    CHECK(first.wait == 0ms);
    // The next is due when those 200 are through: in 2 seconds, less what has passed since.
    const auto second = reserve(100, 60s);
    CHECK(second.granted);
    CHECK(second.wait <= 2s);
    const auto third = reserve(1, 60s);
    CHECK(third.granted);
    CHECK(third.wait > second.wait);
    CHECK(third.wait <= 3s);
    CHECK_FALSE(reserve(1, -1ms).granted);
    CHECK(reserve(1, 2s, "other").wait == 0ms);
    CHECK(chunks.session->reserve(chunks.campaign.id, "ios", 1000, 0, 0ms).granted);
}

TEST_CASE("a clock set back by seconds keeps a budget, by an hour begins it anew",
          "[store][contract]") {
    Chunks chunks;
    const auto reserve = [&](std::uint32_t n, double rate, milliseconds horizon) {
        return chunks.session->reserve(chunks.campaign.id, "ios", n, rate, horizon);
    };
    // What is due that much later is what a clock shows that went back.
    const auto set_back = [&](std::uint32_t seconds) {
        REQUIRE(reserve(seconds, 1, 100s).granted);
    };
    constexpr double kSlow = 0.1;
    REQUIRE(reserve(1, kSlow, 800ms).granted);
    set_back(2);
    const auto kept = reserve(1, kSlow, 800ms);
    CHECK_FALSE(kept.granted);
    CHECK(kept.wait <= 12s);
    set_back(3600);
    const auto begun = reserve(1, kSlow, 800ms);
    CHECK(begun.granted);
    CHECK(begun.wait == 0ms);
}

TEST_CASE("a transaction with a failed statement does nothing more", "[store][contract]") {
    Chunks chunks;
    const std::vector<std::string> too_long = {std::string(65, 'x')};
    chunks.session->begin();
    CHECK(error_of([&] {
              chunks.session->insert_claims(chunks.campaign.scope, chunks.campaign.id, {1},
                                            views_of(too_long));
          }) == StoreError::Kind::schema);
    CHECK(error_of([&] { chunks.session->close_chunk(chunks.campaign.id, {0}); }) ==
          StoreError::Kind::not_applied);
    CHECK(error_of([&] { chunks.session->commit(); }) == StoreError::Kind::not_applied);
    chunks.session->rollback();
    CHECK(chunks.chunk(0).state == ChunkState::open);
}

}  // namespace dispatcher::test
