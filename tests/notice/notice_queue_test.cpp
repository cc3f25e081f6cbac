// Batches of dead device tokens: how they are put together, repeated and counted.
#include "notice/notice_queue.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/catch.h"

namespace dispatcher::test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr BootTime kStart{std::chrono::hours(1)};
const NoticeAnswer kTold{NoticeAnswer::Kind::told, {}};
const NoticeAnswer kAway{NoticeAnswer::Kind::unavailable, "no connection to it"};
const NoticeAnswer kRefused{NoticeAnswer::Kind::refused, "it answers 404"};

std::vector<DeadDevice> devices(std::size_t count, const std::string& prefix = "d") {
    std::vector<DeadDevice> made;
    for (std::size_t i = 0; i < count; ++i)
        made.push_back({fmt::format("{}-{}", prefix, i), fmt::format("t-{}", i),
                        Reason::unregistered, WallTime(milliseconds(1'700'000'000'123))});
    return made;
}

NoticeTerms small_terms() {
    NoticeTerms terms;
    terms.devices_max = 3;
    terms.waiting_max = 8;
    terms.attempts = 3;
    return terms;
}

}  // namespace

TEST_CASE("a notice says which tokens of which campaign and gateway are dead", "[unit]") {
    auto dead = devices(2);
    dead[1].token.clear();
    dead[1].reason = Reason::expired_token;
    const auto notice = make_notice("sale", "apns", dead);
    const std::string at = R"("at":"2023-11-14T22:13:20.123Z"})";
    CHECK(notice.body == R"({"campaign":"sale","gateway":"apns","dead":[)"
                         R"({"appid":"d-0","token":"t-0","reason":"unregistered",)" +
                             at + R"(,{"appid":"d-1","token":null,"reason":"expired_token",)" + at +
                             "]}");
    CHECK(notice.devices == 2);
    CHECK(notice.idempotency_key.starts_with("dead-tokens:sale:"));
    // The same content has the same key, and no other content has.
    CHECK(make_notice("sale", "apns", dead).idempotency_key == notice.idempotency_key);
    CHECK(make_notice("sale", "fcm", dead).idempotency_key != notice.idempotency_key);
    dead[0].token += "0";
    CHECK(make_notice("sale", "apns", dead).idempotency_key != notice.idempotency_key);
}

TEST_CASE("what cannot stand in JSON is replaced", "[unit]") {
    auto dead = devices(1);
    dead[0].token = "\xFF\"";
    CHECK(json::parse(make_notice("sale", "apns", dead).body).at("dead").size() == 1);
}

TEST_CASE("a few wait for more of them, a full batch does not", "[unit]") {
    NoticeQueue queue("sale", small_terms());
    CHECK(queue.due_at() == BootTime::max());
    queue.add("apns", {}, kStart);
    CHECK(queue.due_at() == BootTime::max());
    queue.add("apns", devices(2), kStart);
    CHECK(queue.due_at() == kStart + milliseconds(1000));
    CHECK(queue.due(kStart + milliseconds(999)) == nullptr);
    queue.add("apns", devices(1, "e"), kStart + milliseconds(500));
    const auto* notice = queue.due(kStart + milliseconds(500));
    REQUIRE(notice != nullptr);
    CHECK(notice->devices == 3);
    queue.answered(kTold, kStart + milliseconds(600));
    CHECK(queue.is_empty());
    CHECK(queue.told() == 3);
    CHECK(queue.due(kStart + milliseconds(10'000)) == nullptr);
}

TEST_CASE("a batch has no more than its limit, and one gateway's devices", "[unit]") {
    NoticeQueue queue("sale", small_terms());
    queue.add("apns", devices(4, "a"), kStart);
    queue.add("fcm", devices(2, "f"), kStart + milliseconds(1));
    std::vector<std::string> told;
    queue.finish();
    const auto now = kStart + milliseconds(1);
    while (const auto* notice = queue.due(now)) {
        const auto body = json::parse(notice->body);
        told.push_back(fmt::format("{} {} {}", body.at("gateway").get<std::string>(),
                                   body.at("dead").size(),
                                   body.at("dead").at(0).at("appid").get<std::string>()));
        queue.answered(kTold, now);
    }
    CHECK(told == std::vector<std::string>{"apns 3 a-0", "apns 1 a-3", "fcm 2 f-0"});
    CHECK(queue.told() == 6);
    CHECK(queue.untold() == 0);
}

TEST_CASE("a batch is repeated as it is, later and later, and not for ever", "[unit]") {
    NoticeQueue queue("sale", small_terms());
    queue.add("apns", devices(3), kStart);
    auto now = kStart;
    const auto first = *queue.due(now);
    for (const auto delay : {milliseconds(500), milliseconds(1000)}) {
        queue.answered(kAway, now);
        CHECK(queue.due_at() == now + delay);
        CHECK(queue.due(now + delay - milliseconds(1)) == nullptr);
        queue.add("apns", devices(1, "e"), now);  // does not go with it
        now += delay;
        REQUIRE(queue.due(now) != nullptr);
        CHECK(queue.due(now)->body == first.body);
        CHECK(queue.due(now)->idempotency_key == first.idempotency_key);
    }
    queue.answered(kAway, now);
    CHECK(queue.untold() == 3);
    CHECK(queue.trouble() == "no connection to it");
    // The next one has tries of its own.
    queue.finish();
    REQUIRE(queue.due(now) != nullptr);
    queue.answered(kTold, now);
    CHECK(queue.told() == 2);
    CHECK(queue.is_empty());
}

TEST_CASE("what is refused is not repeated", "[unit]") {
    NoticeQueue queue("sale", small_terms());
    queue.add("apns", devices(3), kStart);
    REQUIRE(queue.due(kStart) != nullptr);
    queue.answered(kRefused, kStart);
    CHECK(queue.untold() == 3);
    CHECK(queue.is_empty());
    CHECK(queue.trouble() == "it answers 404");
}

TEST_CASE("whoever is given up without an answer did not answer in time", "[unit]") {
    NoticeQueue told("sale", small_terms());
    told.give_up();
    CHECK(told.trouble().empty());
    NoticeQueue queue("sale", small_terms());
    queue.add("apns", devices(3), kStart);
    REQUIRE(queue.due(kStart) != nullptr);
    queue.give_up();
    CHECK(queue.untold() == 3);
    CHECK(queue.trouble() == "it did not answer in time");
}

TEST_CASE("memory is bounded: what is too much is counted", "[unit]") {
    NoticeQueue queue("sale", small_terms());
    queue.add("apns", devices(7), kStart);
    REQUIRE(queue.due(kStart) != nullptr);  // still in memory
    queue.add("fcm", devices(5), kStart);
    CHECK(queue.untold() == 4);
    CHECK(queue.trouble() == "it is too slow");
    queue.answered(kTold, kStart);
    queue.add("fcm", devices(2), kStart);
    CHECK(queue.untold() == 4);
    queue.give_up();
    CHECK(queue.is_empty());
    CHECK(queue.told() == 3);
    CHECK(queue.untold() == 4 + 7);
    CHECK(queue.due_at() == BootTime::max());
}

}  // namespace dispatcher::test
