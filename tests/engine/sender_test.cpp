#include "engine/sender.h"

#include <map>
#include <set>

#include <fmt/format.h>

#include "support/catch.h"

namespace dispatcher {
namespace {

using std::chrono::milliseconds;

class ManualClock final : public Clock {
  public:
    BootTime now() override { return BootTime(time); }
    WallTime wall() override { return WallTime(std::chrono::floor<milliseconds>(time)); }
    std::chrono::nanoseconds time = std::chrono::hours(1);
};

class CountingRandom final : public Random {
  public:
    std::uint64_t next() override { return next_++; }

  private:
    std::uint64_t next_ = 0;
};

/// The sender must never come near the store.
class ForbiddenStore final : public Store {
  public:
    std::unique_ptr<StoreSession> connect() override {
        FAIL("the sender touched the store");
        return nullptr;
    }
    std::string store_id() override { return {}; }
};

/// Remembers what the journal would hold if the process died now.
class MemoryJournal final : public Journal {
  public:
    std::optional<BatchNo> open_batch(const BatchRecord&) override { return 0; }
    void mark(BatchNo, std::uint32_t row, SlotState state, Reason reason) override {
        slots[row] = {state, reason};
    }
    void sync() override { ++syncs; }
    void free_batch(BatchNo) override {}
    std::size_t open_batches() const override { return 0; }

    std::map<std::uint32_t, JournalSlot> slots;
    int syncs = 0;
};

/// Answers as the test says, and checks that every submit was in the journal first.
class ScriptedGateway final : public Gateway {
  public:
    explicit ScriptedGateway(MemoryJournal& journal) : journal_(journal) {}

    std::size_t capacity() const override { return room; }
    bool has_room_for(const Notification& notification) override {
        return !full.contains(std::string(notification.appid));
    }
    void submit(Ticket ticket, const Notification& notification) override {
        CHECK(journal_.slots[static_cast<std::uint32_t>(ticket & 0xFFFF)].state == SlotState::wire);
        submitted.push_back({ticket, std::string(notification.appid)});
    }
    void wait(BootTime, std::vector<GatewayAnswer>& out) override {
        out.insert(out.end(), answers.begin(), answers.end());
        answers.clear();
    }
    void wake() override {}
    std::size_t in_flight() const override { return submitted.size(); }
    Health health() const override { return health_now; }
    std::string fault() const override { return "403 InvalidProviderToken"; }
    std::optional<milliseconds> repeatable_for() const override { return repeatable; }

    void answer(std::size_t index, Outcome outcome) {
        answers.push_back({submitted.at(index).first, outcome, {}});
    }
    std::size_t room = 1000;
    std::set<std::string> full;  ///< appids whose own service has no room
    std::vector<std::pair<Ticket, std::string>> submitted;
    std::vector<GatewayAnswer> answers;
    Health health_now;
    std::optional<milliseconds> repeatable;

  private:
    MemoryJournal& journal_;
};

class PlainType final : public GatewayType {
  public:
    std::string_view name() const override { return "plain"; }
    std::vector<Key> keys() const override { return {}; }
    std::size_t payload_bytes_max() const override { return 64; }
    std::string target(const GatewayOptions&) const override { return "here"; }
    PayloadDocument payload_document(const Message&, const std::string&) const override {
        return {R"({"text":"{{text}}"})", "alert"};
    }
    RequestPreview preview(const GatewayOptions&, const Notification&) const override { return {}; }
    std::unique_ptr<Gateway> open(const GatewayOptions&, Clock&, Random&) const override {
        return nullptr;
    }
};

/// A lane's sender alone: claims are put in by hand, settlements taken out.
struct Bench {
    /// `repeatable`: for how long the gateway's receiver remembers a request.
    explicit Bench(std::optional<milliseconds> repeatable = {}) {
        gateway.repeatable = repeatable;
        campaign.name = CampaignName::from_store("bench");
        campaign.message.default_locale = "en";
        campaign.message.locales["en"] = {};
        campaign.audience.columns = {"token", "text"};
        campaign.gateways.push_back({"plain", "plain", "here"});
        renderer.emplace(campaign, type);
        sender.emplace(context, control, gateway, *renderer, milliseconds(10'000), ready, jobs);
    }

    void claim(std::size_t rows, std::size_t text_bytes = 5) {
        ChunkWriter writer;
        const std::string text(text_bytes, 'x');
        for (std::size_t i = 0; i < rows; ++i)
            writer.add(fmt::format("d-{:04}", i), {"token", text});
        const auto blocks = writer.finish();
        chunk = std::make_shared<ChunkLease>();
        chunk->keys = read_chunk_keys(blocks.keys);
        chunk->data.emplace(blocks.data);
        chunk->extend(clock.now() + std::chrono::seconds(30));
        Claim made;
        made.id = make_claim_id(IncarnationId{7}, 1);
        made.chunk = chunk;
        for (std::size_t i = 0; i < rows; ++i)
            made.rows.push_back({static_cast<std::uint32_t>(i), static_cast<std::uint16_t>(i), 0});
        REQUIRE(ready.try_push(std::move(made)));
    }
    void step() { sender->step(clock.now()); }
    void pass(milliseconds time) {
        clock.time += time;
        step();
    }
    SettleJob settled() {
        auto job = jobs.try_pop();
        REQUIRE(job.has_value());
        return std::move(*job);
    }

    ManualClock clock;
    CountingRandom random;
    ForbiddenStore store;
    MemoryJournal journal;
    Observer observer;
    Tally tally;
    EngineOptions options;
    Campaign campaign;
    PlainType type;
    LaneControl control;
    BoundedQueue<Claim> ready{2};
    BoundedQueue<SettleJob> jobs{8};
    ScriptedGateway gateway{journal};
    std::shared_ptr<ChunkLease> chunk;
    const LaneContext context{
        {CampaignId{1}, ScopeId{1}, CampaignState::running, 1, {}, {}},
        campaign,
        {},
        GatewayNo{0},
        "plain",
        0,
        IncarnationId{7},
        {},
        options,
        store,
        journal,
        clock,
        random,
        observer,
        tally,
        DeviceTokens("store", {"plain", "plain", "here"}, type, {"token", "text"})};
    std::optional<NotificationRenderer> renderer;
    std::optional<Sender> sender;
};

}  // namespace

TEST_CASE("a claim that is accepted to the last row is confirmed as one range", "[unit]") {
    Bench bench;
    bench.claim(20);
    bench.step();
    REQUIRE(bench.gateway.submitted.size() == 20);
    for (std::size_t i = 0; i < 20; ++i)
        bench.gateway.answer(i, Outcome::accepted());
    bench.step();
    const auto job = bench.settled();
    CHECK(job.ends_claim);
    CHECK(job.settlement.groups.empty());
    REQUIRE(job.settlement.confirmed.size() == 1);
    CHECK(job.settlement.confirmed[0].lo == "d-0000");
    CHECK(job.settlement.confirmed[0].hi == "d-0019");
    CHECK(bench.journal.slots[3].state == SlotState::done);
}

TEST_CASE("a range is confirmed only over answered rows, exceptions are moved out first",
          "[unit]") {
    Bench bench;
    bench.claim(40);
    bench.step();
    for (std::size_t i = 0; i < 40; ++i) {
        if (i == 20) continue;  // never answered
        bench.gateway.answer(
            i, i == 5 ? Outcome::rejected(Reason::unregistered) : Outcome::accepted());
    }
    bench.step();
    CHECK_FALSE(bench.jobs.try_pop().has_value());  // waits for the rest a while
    bench.pass(bench.options.settle_after);
    const auto job = bench.settled();
    CHECK_FALSE(job.ends_claim);
    REQUIRE(job.settlement.confirmed.size() == 2);
    CHECK(job.settlement.confirmed[0].hi == "d-0019");
    CHECK(job.settlement.confirmed[1].lo == "d-0021");
    REQUIRE(job.settlement.groups.size() == 1);
    CHECK(job.settlement.groups[0].settled.to == FlagState::rejected);
    CHECK(job.settlement.groups[0].appids[0] == "d-0005");
}

TEST_CASE("past its lease the sender opens no stream and gives the rows back", "[unit]") {
    Bench bench;
    bench.claim(3);
    bench.clock.time += std::chrono::seconds(31);
    bench.step();
    CHECK(bench.gateway.submitted.empty());
    const auto job = bench.settled();
    REQUIRE(job.settlement.groups.size() == 1);
    CHECK(job.settlement.groups[0].settled.to == FlagState::released);
    CHECK(job.settlement.groups[0].appids.size() == 3);
}

TEST_CASE("a proof of not sent is re-sent under the same claim, and not without end", "[unit]") {
    Bench bench;
    bench.claim(1);
    bench.step();
    for (std::size_t sends = 1; sends <= 6; ++sends) {
        REQUIRE(bench.gateway.submitted.size() == sends);
        bench.gateway.answer(sends - 1, Outcome::not_sent(Reason::refused_stream));
        bench.step();
        CHECK(bench.journal.slots[0].state == SlotState::claimed);
        CHECK(bench.journal.slots[0].reason == Reason::refused_stream);
        bench.pass(milliseconds(500));
    }
    CHECK(bench.gateway.submitted.size() == 6);
    const auto job = bench.settled();
    CHECK(job.settlement.groups[0].settled.to == FlagState::released);
    CHECK(job.settlement.groups[0].settled.tries_added == 0);
}

TEST_CASE("a row whose own service has no room lets the others go first", "[unit]") {
    Bench bench;
    bench.gateway.full = {"d-0003"};
    bench.claim(10);
    bench.step();
    CHECK(bench.gateway.submitted.size() == 9);
    CHECK_FALSE(bench.journal.slots.contains(3));
    bench.gateway.full.clear();
    bench.step();
    CHECK(bench.gateway.submitted.size() == 9);
    bench.pass(milliseconds(20));
    REQUIRE(bench.gateway.submitted.size() == 10);
    CHECK(bench.gateway.submitted.back().second == "d-0003");
    CHECK(bench.tally.sent == 10);
}

TEST_CASE("a row whose own service never has room is released for a while", "[unit]") {
    Bench bench;
    bench.gateway.full = {"d-0000"};
    bench.claim(1);
    bench.step();
    for (int look = 0; look < 100; ++look) {
        CHECK_FALSE(bench.jobs.try_pop().has_value());
        bench.pass(milliseconds(20));
    }
    bench.pass(bench.options.settle_after);
    const auto job = bench.settled();
    CHECK(bench.gateway.submitted.empty());
    CHECK_FALSE(bench.journal.slots.contains(0));
    REQUIRE(job.settlement.groups.size() == 1);
    const auto& settled = job.settlement.groups[0].settled;
    CHECK(settled.to == FlagState::released);
    CHECK(settled.code.reason == Reason::never_framed);
    CHECK(settled.tries_added == 0);
    CHECK(settled.due_in == milliseconds(1000));
}

TEST_CASE("only so many rows wait for room before nothing new is begun", "[unit]") {
    Bench bench;
    bench.gateway.room = 5000;
    for (int i = 0; i < 1000; i += 2)
        bench.gateway.full.insert(fmt::format("d-{:04}", i));
    bench.gateway.full.insert("d-1001");
    bench.claim(1100);
    for (int i = 0; i < 5; ++i)
        bench.step();
    const auto before = bench.gateway.submitted.size();
    CHECK(before == 499);  // the odd ones before the 500th even one
    bench.gateway.full.clear();
    for (int i = 0; i < 5; ++i)
        bench.pass(milliseconds(20));
    CHECK(bench.gateway.submitted.size() == 1100);
}

TEST_CASE("a proof of not sent that says when to come back is released until then", "[unit]") {
    Bench bench;
    bench.claim(1);
    bench.step();
    auto outcome = Outcome::not_sent(Reason::unreachable);
    outcome.retry_after = milliseconds(7000);
    bench.gateway.answer(0, outcome);
    bench.step();
    bench.pass(milliseconds(500));
    CHECK(bench.gateway.submitted.size() == 1);
    const auto job = bench.settled();
    CHECK(job.settlement.groups[0].settled.to == FlagState::released);
    CHECK(job.settlement.groups[0].settled.due_in == milliseconds(7000));
    CHECK(job.settlement.groups[0].settled.tries_added == 0);
}

TEST_CASE("what is set aside is given back when the lane stops", "[unit]") {
    Bench bench;
    bench.gateway.full = {"d-0001"};
    bench.claim(2);
    bench.step();
    bench.gateway.answer(0, Outcome::accepted());
    bench.control.stop(LaneStop::asked);
    bench.step();
    bench.gateway.full.clear();
    bench.pass(milliseconds(100));
    CHECK(bench.gateway.submitted.size() == 1);
    const auto given_back = bench.settled();
    REQUIRE(given_back.settlement.groups.size() == 1);
    CHECK(given_back.settlement.groups[0].settled.to == FlagState::released);
    CHECK(given_back.settlement.groups[0].appids[0] == "d-0001");
    CHECK(bench.settled().ends_claim);
}

TEST_CASE("an ambiguous answer is never sent again", "[unit]") {
    Bench bench;
    bench.claim(1);
    bench.step();
    bench.gateway.answer(0, Outcome::unknown(Reason::connection_lost));
    bench.step();
    bench.pass(std::chrono::seconds(10));
    CHECK(bench.gateway.submitted.size() == 1);
    const auto job = bench.settled();
    CHECK(job.settlement.groups[0].settled.to == FlagState::in_doubt);
    CHECK_FALSE(job.settlement.groups[0].settled.from_doubt);
    CHECK(bench.journal.slots[0].reason == Reason::connection_lost);
}

TEST_CASE("a late answer turns a timeout into certainty", "[unit]") {
    Bench bench;
    bench.claim(1);
    bench.step();
    bench.gateway.answer(0, Outcome::unknown(Reason::timeout));
    bench.step();
    CHECK(bench.settled().settlement.groups[0].settled.to == FlagState::in_doubt);
    bench.gateway.answer(0, Outcome::accepted());
    bench.step();
    const auto job = bench.settled();
    CHECK_FALSE(job.ends_claim);
    CHECK(job.settlement.groups[0].settled.to == FlagState::delivered);
    CHECK(job.settlement.groups[0].settled.from_doubt);
    CHECK(job.settlement.claim == make_claim_id(IncarnationId{7}, 1));
}

TEST_CASE("a token that the gateway calls dead is settled with its mark and time", "[unit]") {
    Bench bench;
    bench.claim(3);
    bench.step();
    const WallTime since(milliseconds(1'700'000'000'123));
    bench.gateway.answer(0, Outcome::dead_token(Reason::unregistered, since));
    bench.gateway.answer(1, Outcome::rejected(Reason::payload_too_large));
    bench.gateway.answer(2, Outcome::dead_token(Reason::expired_token));
    bench.step();
    const auto job = bench.settled();
    REQUIRE(job.settlement.dead.size() == 2);
    const auto mark = bench.context.tokens.mark_of(std::vector<std::string_view>{"token", "xxxxx"});
    CHECK(job.settlement.dead[0].mark == mark);
    CHECK(job.settlement.dead[0].reason == Reason::unregistered);
    CHECK(job.settlement.dead[0].dead_since == since);
    CHECK(job.settlement.dead[1].reason == Reason::expired_token);
    CHECK_FALSE(job.settlement.dead[1].dead_since.has_value());
    // The same for whoever keeps the tokens.
    REQUIRE(job.dead.size() == 2);
    CHECK(job.dead[0].appid == "d-0000");
    CHECK(job.dead[0].token == "token");
    CHECK(job.dead[0].reason == Reason::unregistered);
    CHECK(job.dead[0].at == since);
    CHECK(job.dead[1].appid == "d-0002");
    CHECK(job.dead[1].at == bench.clock.wall());
}

TEST_CASE("a late answer may call the token dead, or prove it alive", "[unit]") {
    const bool is_dead = GENERATE(true, false);
    Bench bench;
    bench.claim(1);
    bench.step();
    bench.gateway.answer(0, Outcome::unknown(Reason::timeout));
    bench.step();
    CHECK(bench.settled().settlement.dead.empty());
    bench.gateway.answer(0,
                         is_dead ? Outcome::dead_token(Reason::unregistered) : Outcome::accepted());
    bench.step();
    const auto job = bench.settled();
    CHECK(job.settlement.dead.size() == (is_dead ? 1 : 0));
    REQUIRE(job.dead.size() == (is_dead ? 1 : 0));
    if (is_dead) CHECK(job.dead[0].appid == "d-0000");
    if (is_dead) CHECK(job.dead[0].token == "token");
    CHECK(job.settlement.groups[0].settled.to ==
          (is_dead ? FlagState::rejected : FlagState::delivered));
}

TEST_CASE("a withheld rejection that is believed after all calls the token dead", "[unit]") {
    const bool is_believed = GENERATE(true, false);
    Bench bench;
    bench.claim(30);
    bench.step();
    for (std::size_t i = 0; i < 30; ++i)
        bench.gateway.answer(i, i == 7 || !is_believed
                                    ? Outcome::rejected(Reason::unregistered, true)
                                    : Outcome::accepted());
    bench.step();
    bench.step();  // one that trips the breaker gives its rows back with the next
    CHECK(bench.control.is_stopping() == !is_believed);
    const auto job = bench.settled();
    REQUIRE(job.settlement.groups.size() == 1);
    CHECK(job.settlement.groups[0].settled.to ==
          (is_believed ? FlagState::rejected : FlagState::released));
    REQUIRE(job.settlement.dead.size() == (is_believed ? 1 : 0));
    if (is_believed) CHECK(job.settlement.dead[0].reason == Reason::unregistered);
}

TEST_CASE("a row whose token is known to be dead is rejected without a request", "[unit]") {
    Bench bench;
    bench.claim(3);
    bench.chunk->dead = {{1, Reason::expired_token}};
    bench.step();
    REQUIRE(bench.gateway.submitted.size() == 2);
    CHECK(bench.gateway.submitted[1].second == "d-0002");
    CHECK(bench.journal.slots[1].state == SlotState::done);
    CHECK(bench.journal.slots[1].reason == Reason::expired_token);
    bench.gateway.answer(0, Outcome::accepted());
    bench.gateway.answer(1, Outcome::accepted());
    bench.step();
    const auto job = bench.settled();
    CHECK(job.ends_claim);
    CHECK(job.settlement.dead.empty());
    CHECK(job.dead.empty());  // that was told before
    for (const auto& group : job.settlement.groups) {
        if (group.settled.to != FlagState::rejected) continue;
        CHECK(group.settled.code.reason == Reason::expired_token);
        CHECK(group.settled.tries_added == 0);
        CHECK(group.appids[0] == "d-0001");
    }
    CHECK(bench.tally.rejected == 1);
}

TEST_CASE("a short Retry-After is held, a long one is released with its due time", "[unit]") {
    Bench bench;
    bench.claim(2);
    bench.step();
    bench.gateway.answer(0, Outcome::refused(Reason::too_many_requests, milliseconds(900)));
    bench.gateway.answer(1, Outcome::refused(Reason::too_many_requests, milliseconds(60'000)));
    bench.step();
    CHECK(bench.gateway.submitted.size() == 2);
    bench.pass(milliseconds(1000));
    REQUIRE(bench.gateway.submitted.size() == 3);
    CHECK(bench.gateway.submitted[2].second == "d-0000");
    const auto job = bench.settled();
    CHECK(job.settlement.groups[0].settled.to == FlagState::released);
    CHECK(job.settlement.groups[0].settled.due_in == milliseconds(60'000));
    CHECK(job.settlement.groups[0].settled.tries_added == 1);
}

TEST_CASE("a campaign fault stops the lane and burns no flag", "[unit]") {
    Bench bench;
    bench.gateway.room = 1;
    bench.claim(5);
    bench.step();
    bench.gateway.room = 0;
    bench.gateway.answer(0, Outcome::campaign_fault());
    bench.step();
    bench.step();
    CHECK(bench.control.stopped() == LaneStop::campaign_fault);
    CHECK(bench.gateway.submitted.size() == 1);
    std::size_t released = 0;
    while (auto job = bench.jobs.try_pop())
        for (const auto& group : job->settlement.groups) {
            CHECK(group.settled.to == FlagState::released);
            released += group.appids.size();
        }
    CHECK(released == 5);
}

TEST_CASE("bad device tokens at the start are withheld until the breaker has judged", "[unit]") {
    Bench bench;
    bench.claim(3);
    bench.gateway.room = 3;
    bench.step();
    for (std::size_t i = 0; i < 3; ++i)
        bench.gateway.answer(i, Outcome::rejected(Reason::bad_device_token, true));
    bench.step();
    for (const auto& [row, slot] : bench.journal.slots) {
        // It may be released, but nobody may say that it never left.
        CHECK(slot.state == SlotState::claimed);
        CHECK(slot.reason == Reason::bad_device_token);
    }
    bench.step();
    CHECK(bench.control.stopped() == LaneStop::campaign_fault);
    const auto job = bench.settled();
    REQUIRE(job.settlement.groups.size() == 1);
    CHECK(job.settlement.groups[0].settled.to == FlagState::released);
}

TEST_CASE("a gateway whose answers prove nothing stops the lane", "[unit][doubt]") {
    const bool is_repeatable = GENERATE(false, true);
    Bench bench(is_repeatable ? std::optional(milliseconds(60'000)) : std::nullopt);
    bench.claim(300);
    bench.gateway.room = 150;
    bench.step();
    REQUIRE(bench.gateway.submitted.size() == 150);
    bench.gateway.room = 0;
    for (std::size_t i = 0; i < 150; ++i)
        bench.gateway.answer(i, Outcome::unknown(Reason::server_error));
    bench.step();
    CHECK(bench.control.stopped() == (is_repeatable ? LaneStop::none : LaneStop::campaign_fault));
    if (is_repeatable) return;
    bench.step();
    std::map<FlagState, std::size_t> rows;
    while (auto job = bench.jobs.try_pop())
        for (const auto& group : job->settlement.groups)
            rows[group.settled.to] += group.appids.size();
    CHECK(rows ==
          std::map<FlagState, std::size_t>{{FlagState::in_doubt, 150}, {FlagState::released, 150}});
}

TEST_CASE("withheld rejections that fill every place are judged, not waited for", "[unit]") {
    // One row a claim, as a slow campaign has them; another claim always waits.
    const std::size_t one_bad_in = GENERATE(5, 25);
    Bench bench;
    bench.claim(1);
    std::size_t sent = 0;
    for (; sent < 950 && !bench.control.is_stopping(); ++sent) {
        bench.claim(1);
        bench.gateway.room = 1;
        for (int step = 0; step < 3 && bench.gateway.submitted.size() == sent; ++step)
            bench.step();
        if (bench.control.is_stopping()) break;
        REQUIRE(bench.gateway.submitted.size() == sent + 1);
        bench.gateway.room = 0;
        bench.gateway.answer(sent, sent % one_bad_in == 0
                                       ? Outcome::rejected(Reason::bad_device_token, true)
                                       : Outcome::accepted());
        bench.step();
        while (bench.jobs.try_pop()) {
        }
    }
    const bool is_pattern = one_bad_in == 5;
    CHECK(bench.control.stopped() == (is_pattern ? LaneStop::campaign_fault : LaneStop::none));
    CHECK((sent < 950) == is_pattern);
}

TEST_CASE("a payload that is too large is rejected before anything is on the wire", "[unit]") {
    Bench bench;
    bench.claim(1, 100);
    bench.step();
    CHECK(bench.gateway.submitted.empty());
    const auto job = bench.settled();
    CHECK(job.settlement.groups[0].settled.to == FlagState::rejected);
    CHECK(job.settlement.groups[0].settled.code.reason == Reason::payload_too_large);
}

TEST_CASE("a stop releases what never left and waits for what is on the wire", "[unit]") {
    Bench bench;
    bench.gateway.room = 1;
    bench.claim(3);
    bench.step();
    bench.gateway.room = 0;
    bench.control.stop(LaneStop::asked);
    bench.step();
    auto job = bench.settled();
    CHECK(job.settlement.groups[0].appids.size() == 2);
    CHECK_FALSE(job.ends_claim);
    bench.control.claimer_done = true;
    bench.step();
    CHECK_FALSE(bench.sender->is_done());
    bench.gateway.answer(0, Outcome::accepted());
    bench.step();
    bench.step();
    job = bench.settled();
    CHECK(job.ends_claim);
    CHECK(job.settlement.groups[0].settled.to == FlagState::delivered);
    CHECK(bench.sender->is_done());
}

TEST_CASE("an unreachable gateway costs no try and gives its rows back after a second", "[unit]") {
    Bench bench;
    bench.claim(2);
    bench.step();
    bench.gateway.health_now = {"connection refused", bench.clock.now()};
    for (std::size_t i = 0; i < 2; ++i)
        bench.gateway.answer(i, Outcome::not_sent(Reason::unreachable, true));
    bench.gateway.room = 0;
    bench.step();
    CHECK_FALSE(bench.control.gateway_ready);
    bench.pass(milliseconds(1000));
    const auto job = bench.settled();
    CHECK(job.settlement.groups[0].settled.to == FlagState::released);
    CHECK(job.settlement.groups[0].settled.tries_added == 0);
    bench.pass(milliseconds(10'000));
    CHECK(bench.control.stopped() == LaneStop::gateway_lost);
}

TEST_CASE("a deadline that an operator sets in mid-run holds for the next row", "[unit]") {
    Bench bench;
    bench.gateway.room = 5;
    bench.claim(10);
    bench.step();
    REQUIRE(bench.gateway.submitted.size() == 5);
    auto head = bench.context.campaign;
    head.now = WallTime(std::chrono::hours(500'000));
    head.deadline = head.now;
    bench.control.change_terms(head, {});
    bench.step();
    CHECK(bench.gateway.submitted.size() == 5);
    CHECK(bench.control.is_expired);
    CHECK(bench.tally.released == 5);
    // One that lies ahead by the database's clock lies as far ahead by ours.
    head.deadline = head.now + std::chrono::seconds(10);
    bench.control.change_terms(head, {});
    bench.claim(5);
    bench.pass(milliseconds(9000));
    CHECK(bench.gateway.submitted.size() == 10);
}

namespace {

constexpr milliseconds kDay{86'400'000};

/// What became of the one row of a claim; `none` while nothing is settled.
Settled only_settled(Bench& bench) {
    const auto job = bench.jobs.try_pop();
    if (!job) return {FlagState::claimed, {}, 0, milliseconds{0}, false};
    REQUIRE(job->settlement.groups.size() == 1);
    return job->settlement.groups[0].settled;
}

}  // namespace

TEST_CASE(
    "where the receiver remembers its key, an ambiguous request is sent again under its claim",
    "[unit][doubt]") {
    Bench bench(kDay);
    bench.claim(1);
    bench.step();
    bench.gateway.answer(0, Outcome::unknown(Reason::connection_lost));
    bench.step();
    CHECK_FALSE(bench.jobs.try_pop().has_value());
    // A crash now leaves it in doubt: the journal never says that it was not sent.
    CHECK(bench.journal.slots[0].state == SlotState::wire);
    bench.pass(milliseconds(1500));
    REQUIRE(bench.gateway.submitted.size() == 2);
    CHECK(bench.gateway.submitted[1].second == bench.gateway.submitted[0].second);
    bench.gateway.answer(1, Outcome::accepted());
    bench.step();
    const auto settled = only_settled(bench);
    CHECK(settled.to == FlagState::delivered);
    CHECK(settled.tries_added == 2);
}

TEST_CASE("what may have been sent is never given back, whatever its repetition is answered",
          "[unit][doubt]") {
    const auto second = GENERATE(
        Outcome::refused(Reason::key_in_progress), Outcome::refused(Reason::too_many_requests),
        Outcome::not_sent(Reason::goaway), Outcome::not_sent(Reason::unreachable, true),
        Outcome::unknown(Reason::server_error), Outcome::campaign_fault(),
        Outcome::rejected(Reason::bad_request, true));
    Bench bench(kDay);
    bench.claim(1);
    bench.step();
    bench.gateway.answer(0, Outcome::unknown(Reason::timeout));
    bench.step();
    bench.pass(milliseconds(1500));
    REQUIRE(bench.gateway.submitted.size() == 2);
    bench.gateway.answer(1, second);
    bench.step();
    CHECK(bench.journal.slots[0].state != SlotState::claimed);
    bench.control.stop(LaneStop::asked);
    bench.step();
    bench.step();
    const auto settled = only_settled(bench);
    CHECK(settled.to == FlagState::in_doubt);
    CHECK(settled.code.reason == Reason::timeout);
    CHECK(bench.journal.slots[0].state == SlotState::done);
    CHECK(bench.journal.slots[0].reason == Reason::timeout);
}

TEST_CASE("a repetition may end in a rejection that concerns the device", "[unit][doubt]") {
    Bench bench(kDay);
    bench.claim(1);
    bench.step();
    bench.gateway.answer(0, Outcome::unknown(Reason::server_error));
    bench.step();
    bench.pass(milliseconds(1500));
    bench.gateway.answer(1, Outcome::rejected(Reason::unregistered));
    bench.step();
    CHECK(only_settled(bench).to == FlagState::rejected);
}

TEST_CASE("requests are repeated only as long as their key is remembered and tries are left",
          "[unit][doubt]") {
    SECTION("the key is forgotten before the next try") {
        Bench bench(milliseconds(1000));
        bench.claim(1);
        bench.step();
        bench.clock.time += milliseconds(900);
        bench.gateway.answer(0, Outcome::unknown(Reason::server_error));
        bench.step();
        CHECK(only_settled(bench).to == FlagState::in_doubt);
    }
    SECTION("it is forgotten while the gateway is away") {
        Bench bench(milliseconds(3000));
        bench.claim(1);
        bench.step();
        bench.gateway.answer(0, Outcome::unknown(Reason::server_error));
        bench.gateway.room = 0;
        bench.step();
        bench.clock.time += milliseconds(4000);
        bench.gateway.room = 1;
        bench.step();
        CHECK(bench.gateway.submitted.size() == 1);
        bench.step();
        CHECK(only_settled(bench).to == FlagState::in_doubt);
    }
    SECTION("the tries are used up") {
        Bench bench(kDay);
        bench.claim(1);
        bench.step();
        std::size_t answered = 0;
        for (int i = 0; i < 400 && answered < 20; ++i) {
            if (bench.gateway.submitted.size() > answered)
                bench.gateway.answer(answered++, Outcome::unknown(Reason::server_error));
            bench.chunk->extend(bench.clock.now() + std::chrono::seconds(30));
            bench.pass(milliseconds(500));
        }
        CHECK(answered == RetryPolicy{}.attempts);
        CHECK(only_settled(bench).to == FlagState::in_doubt);
    }
    SECTION("the lease is lost") {
        Bench bench(kDay);
        bench.claim(1);
        bench.step();
        bench.gateway.answer(0, Outcome::unknown(Reason::server_error));
        bench.step();
        bench.pass(std::chrono::seconds(31));
        CHECK(bench.gateway.submitted.size() == 1);
        bench.step();
        CHECK(only_settled(bench).to == FlagState::in_doubt);
    }
}

TEST_CASE("rows in doubt wait for a gateway that is away, the others are given back",
          "[unit][doubt]") {
    Bench bench(kDay);
    bench.gateway.room = 1;
    bench.claim(2);
    bench.step();
    bench.gateway.answer(0, Outcome::unknown(Reason::connection_lost));
    bench.gateway.room = 0;
    bench.gateway.health_now = {"connection refused", bench.clock.now()};
    bench.step();
    bench.pass(milliseconds(1500));
    bench.pass(bench.options.settle_after);
    const auto released = bench.settled();
    REQUIRE(released.settlement.groups.size() == 1);
    CHECK(released.settlement.groups[0].settled.to == FlagState::released);
    CHECK(released.settlement.groups[0].appids.size() == 1);
    bench.gateway.health_now = {};
    bench.gateway.room = 1;
    bench.step();
    REQUIRE(bench.gateway.submitted.size() == 2);
    CHECK(bench.gateway.submitted[1].second == "d-0000");
}

TEST_CASE("the late answer to a request settles it before it is repeated", "[unit][doubt]") {
    Bench bench(kDay);
    bench.claim(1);
    bench.step();
    bench.gateway.answer(0, Outcome::unknown(Reason::timeout));
    bench.step();
    bench.gateway.answer(0, Outcome::accepted());
    bench.step();
    const auto settled = only_settled(bench);
    CHECK(settled.to == FlagState::delivered);
    CHECK(settled.tries_added == 1);
    bench.pass(milliseconds(1500));
    CHECK(bench.gateway.submitted.size() == 1);
}

}  // namespace dispatcher
