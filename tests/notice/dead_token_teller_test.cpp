// The thread that tells of dead device tokens.
#include "notice/dead_token_teller.h"

#include <atomic>

#include "notice/http_receiver.h"
#include "support/catch.h"

namespace dispatcher::test {
namespace {

using std::chrono::milliseconds;

/// Answers as the test says; a blocked one answers when it is stopped.
class ScriptedReceiver final : public NoticeReceiver {
  public:
    struct Log {
        std::mutex mutex;
        std::condition_variable changed;
        std::vector<Notice> posted;         // guarded by mutex
        std::vector<NoticeAnswer> answers;  // guarded by mutex; then all is told
        bool is_blocked = false;            // guarded by mutex
        bool is_stopped = false;            // guarded by mutex
    };
    explicit ScriptedReceiver(Log& log) : log_(log) {}

    NoticeAnswer post(const Notice& notice, milliseconds) override {
        std::unique_lock lock(log_.mutex);
        log_.posted.push_back(notice);
        log_.changed.notify_all();
        if (log_.is_blocked) {
            log_.changed.wait(lock, [this] { return log_.is_stopped; });
            return {NoticeAnswer::Kind::unavailable, "stopped"};
        }
        if (log_.answers.empty()) return {NoticeAnswer::Kind::told, {}};
        const auto answer = log_.answers.front();
        log_.answers.erase(log_.answers.begin());
        return answer;
    }
    void stop() override {
        const std::lock_guard lock(log_.mutex);
        log_.is_stopped = true;
        log_.changed.notify_all();
    }

  private:
    Log& log_;
};

NoticeTerms eager_terms() {
    NoticeTerms terms;
    terms.collect = milliseconds(0);
    terms.first_delay = milliseconds(1);
    return terms;
}

struct Bench {
    SystemClock clock;
    ScriptedReceiver::Log log;

    DeadTokenTeller teller(const NoticeTerms& terms = eager_terms()) {
        return DeadTokenTeller("sale", std::make_unique<ScriptedReceiver>(log),
                               milliseconds(10'000), clock, terms);
    }
    void await_posts(std::size_t count) {
        std::unique_lock lock(log.mutex);
        REQUIRE(log.changed.wait_for(lock, std::chrono::seconds(60),
                                     [&] { return log.posted.size() >= count; }));
    }
};

std::vector<DeadDevice> one(const std::string& appid) {
    return {{appid, "token", Reason::unregistered, {}}};
}

}  // namespace

TEST_CASE("it tells while the campaign runs, and at its end what is left", "[unit]") {
    Bench bench;
    auto teller = bench.teller();
    teller.tell("apns", one("a"));
    bench.await_posts(1);
    teller.tell("apns", one("b"));
    const auto result = teller.finish(std::chrono::seconds(60));
    CHECK(result.told == 2);
    CHECK(result.untold == 0);
    CHECK(bench.log.posted.size() == 2);
}

TEST_CASE("the end does not wait for more of them", "[unit]") {
    Bench bench;
    auto terms = eager_terms();
    terms.collect = std::chrono::hours(1);
    auto teller = bench.teller(terms);
    teller.tell("apns", one("a"));
    teller.tell("fcm", one("b"));
    CHECK(teller.finish(std::chrono::seconds(60)).told == 2);
}

TEST_CASE("a failure is repeated with the same key", "[unit]") {
    Bench bench;
    bench.log.answers = {{NoticeAnswer::Kind::unavailable, "it answers 503"},
                         {NoticeAnswer::Kind::unavailable, "it answers 503"}};
    auto teller = bench.teller();
    teller.tell("apns", one("a"));
    CHECK(teller.finish(std::chrono::seconds(60)).told == 1);
    REQUIRE(bench.log.posted.size() == 3);
    CHECK(bench.log.posted[0].idempotency_key == bench.log.posted[2].idempotency_key);
}

TEST_CASE("a receiver that is down costs its tries and no more", "[unit]") {
    Bench bench;
    bench.log.answers.assign(100, {NoticeAnswer::Kind::unavailable, "no connection to it"});
    auto teller = bench.teller();
    teller.tell("apns", one("a"));
    const auto result = teller.finish(std::chrono::seconds(60));
    CHECK(result.told == 0);
    CHECK(result.untold == 1);
    CHECK(result.trouble == "no connection to it");
    CHECK(bench.log.posted.size() == NoticeTerms{}.attempts);
}

TEST_CASE("a receiver that never answers holds nobody up for ever", "[unit]") {
    const bool is_finished = GENERATE(true, false);
    Bench bench;
    bench.log.is_blocked = true;
    {
        auto teller = bench.teller();
        teller.tell("apns", one("a"));
        bench.await_posts(1);
        teller.tell("apns", one("b"));
        if (is_finished) CHECK(teller.finish(milliseconds(0)).untold == 2);
    }  // an end without finish() is as short
    CHECK(bench.log.posted.size() == 1);
}

TEST_CASE("an end with nothing to tell is immediate", "[unit]") {
    Bench bench;
    auto teller = bench.teller();
    const auto result = teller.finish(std::chrono::hours(1));
    CHECK(result.told + result.untold == 0);
    CHECK(bench.log.posted.empty());
}

TEST_CASE("a status says whether the notice was taken, or may be later", "[unit]") {
    using enum NoticeAnswer::Kind;
    for (const int status : {200, 202, 204})
        CHECK(read_notice_status(status).kind == told);
    for (const int status : {408, 409, 425, 429, 500, 502, 503, 504})
        CHECK(read_notice_status(status).kind == unavailable);
    for (const int status : {301, 302, 400, 404, 405, 410, 413, 422})
        CHECK(read_notice_status(status).kind == refused);
    CHECK(read_notice_status(401).trouble == "it answers 401: check its secret");
    CHECK(read_notice_status(302).trouble == "it answers 302: check its url");
}

}  // namespace dispatcher::test
