// Several sessions after the same rows.

#include <algorithm>
#include <atomic>
#include <latch>
#include <thread>

#include "store/store_under_test.h"

namespace dispatcher::test {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> numbered(int count) {
    std::vector<std::string> appids;
    for (int number = 0; number < count; ++number) {
        appids.push_back("device-" + std::to_string(100'000 + number));
    }
    return appids;
}

/// Repeats a transaction until it is neither a victim of another nor too late for a lock.
template <class Work>
void transact(StoreSession& session, Work&& work) {
    for (;;) {
        const auto error = error_of([&] {
            session.begin();
            work();
            session.commit();
        });
        if (!error) return;
        session.rollback();
        REQUIRE(
            (*error == StoreError::Kind::not_applied || *error == StoreError::Kind::lock_timeout));
    }
}

}  // namespace

TEST_CASE("of many sessions after the same keys one wins each", "[store][contract]") {
    StoreUnderTest under_test{GENERATE(from_range(store_kinds()))};
    const auto campaign = start_campaign(under_test.campaigns(), "spring");
    constexpr int kSessions = 4;
    constexpr int kRows = 2000;
    constexpr int kBatch = 100;
    const auto appids = numbered(kRows);
    std::vector<std::vector<std::string>> won(kSessions);
    std::latch start(kSessions);
    std::vector<std::thread> threads;
    const auto other_process = under_test.other_store();
    for (unsigned number = 0; number < kSessions; ++number) {
        threads.emplace_back([&, number] {
            auto& store = number % 2 == 0 ? under_test.store() : *other_process;
            const auto session = store.connect();
            start.arrive_and_wait();
            for (std::size_t first = 0; first < appids.size(); first += kBatch) {
                const std::vector<std::string_view> keys(
                    appids.begin() + static_cast<std::ptrdiff_t>(first),
                    appids.begin() + static_cast<std::ptrdiff_t>(first + kBatch));
                const auto claim_id =
                    make_claim_id({0x80000000U + number}, static_cast<std::uint32_t>(first + 1));
                FlagRows rows;
                transact(*session, [&] {
                    session->insert_claims(campaign.scope, campaign.id, claim_id, keys);
                    session->read_won({campaign.scope, keys.front(), keys.back()}, claim_id, rows);
                });
                for (std::size_t row = 0; row < rows.size(); ++row) {
                    won[number].emplace_back(rows.appids[row]);
                }
            }
        });
    }
    for (auto& thread : threads)
        thread.join();
    std::vector<std::string> all;
    for (const auto& mine : won)
        all.insert(all.end(), mine.begin(), mine.end());
    std::ranges::sort(all);
    CHECK(all == appids);
}

TEST_CASE("released rows are won by one of many sessions", "[store][contract]") {
    StoreUnderTest under_test{GENERATE(from_range(store_kinds()))};
    const auto campaign = start_campaign(under_test.campaigns(), "spring");
    const auto appids = numbered(500);
    const auto keys = views_of(appids);
    const auto session = under_test.store().connect();
    claim(*session, campaign, {1}, appids);
    session->release_range({campaign.scope, keys.front(), keys.back()}, {1}, Reason::stopped);

    std::atomic<std::size_t> won = 0;
    std::latch start(3);
    std::vector<std::thread> threads;
    for (std::uint32_t number = 0; number < 3; ++number) {
        threads.emplace_back([&, number] {
            const auto mine = under_test.store().connect();
            const auto claim_id = make_claim_id({number + 1}, 1);
            FlagRows rows;
            start.arrive_and_wait();
            transact(*mine, [&] {
                mine->reclaim(campaign.scope, campaign.id, claim_id, keys);
                mine->read_won({campaign.scope, keys.front(), keys.back()}, claim_id, rows);
            });
            won += rows.size();
        });
    }
    for (auto& thread : threads)
        thread.join();
    CHECK(won == appids.size());
}

TEST_CASE("of many who seal one name one wins, and all learn who", "[store][contract]") {
    StoreUnderTest under_test{GENERATE(from_range(store_kinds()))};
    constexpr int kOperators = 4;
    std::atomic<int> winners = 0;
    std::vector<CampaignId> found(kOperators);
    std::latch start(kOperators);
    std::vector<std::thread> threads;
    for (int number = 0; number < kOperators; ++number) {
        threads.emplace_back([&, number] {
            const auto campaigns = under_test.other_campaigns();
            const auto draft = campaigns->begin_draft({1});
            start.arrive_and_wait();
            if (campaigns->seal(draft, campaign_named("spring", "sale"), {}, "", kOperator)) {
                ++winners;
            }
            const auto record = campaigns->find("spring");
            if (record) found[static_cast<std::size_t>(number)] = record->head.id;
        });
    }
    for (auto& thread : threads)
        thread.join();
    CHECK(winners == 1);
    for (const auto id : found)
        CHECK(id == under_test.campaigns().find("spring")->head.id);
    CHECK(under_test.campaigns().list(10).size() == 1);
}

TEST_CASE("a pause waits for an open claim, and the next claim sees it", "[store][contract]") {
    StoreUnderTest under_test{GENERATE(from_range(store_kinds()))};
    const auto campaign = start_campaign(under_test.campaigns(), "spring");
    const auto session = under_test.store().connect();
    session->begin();
    REQUIRE(session->lock_campaign_shared(campaign.id)->state == CampaignState::running);

    std::atomic<bool> is_committed = false;
    std::atomic<bool> was_committed_first = false;
    std::latch pausing(1);
    std::thread pauser([&] {
        const auto campaigns = under_test.other_campaigns();
        (void)campaigns->find("spring");
        pausing.count_down();
        campaigns->move(campaign.id, {CampaignState::running}, CampaignState::paused, "pause",
                        kOperator);
        was_committed_first = is_committed.load();
    });
    pausing.wait();
    const std::vector<std::string_view> keys = {"a", "b"};
    session->insert_claims(campaign.scope, campaign.id, {77}, keys);
    FlagRows rows;
    session->read_won({campaign.scope, "a", "b"}, {77}, rows);
    CHECK(rows.size() == 2);
    is_committed = true;
    session->commit();
    pauser.join();
    CHECK(was_committed_first);
    session->begin();
    CHECK(session->lock_campaign_shared(campaign.id)->state == CampaignState::paused);
    session->rollback();
}

TEST_CASE("who waits too long for a chunk is told that nothing was done", "[store][contract]") {
    StoreUnderTest under_test{GENERATE(from_range(store_kinds()))};
    const auto campaign =
        start_campaign(under_test.campaigns(), "spring", {chunk_of(0, "a", "b", 1)});
    const auto holder = under_test.store().connect();
    const auto other = under_test.store().connect();
    holder->begin();
    REQUIRE(holder->lock_chunk(campaign.id, {0}).has_value());
    CHECK(error_of([&] {
              other->begin();
              other->lock_chunk(campaign.id, {0});
          }) == StoreError::Kind::lock_timeout);
    other->rollback();
    holder->commit();
    other->begin();
    CHECK(other->lock_chunk(campaign.id, {0}).has_value());
    other->commit();
}

}  // namespace dispatcher::test
