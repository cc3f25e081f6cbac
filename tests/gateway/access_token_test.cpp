#include "gateway/fcm/access_token.h"

#include <condition_variable>
#include <deque>
#include <mutex>

#include "support/catch.h"

namespace dispatcher::test {
namespace {

using fcm::AccessToken;
using fcm::TokenAnswer;
using http2::Standing;
using std::chrono::minutes;
using std::chrono::seconds;

/// Answers when it is told to, and counts who asked.
class Desk {
  public:
    AccessToken::Source source() {
        return {[this] { return answer(); }, [this] { stop(); }};
    }
    void give(TokenAnswer::Kind kind, const std::string& text, seconds life = seconds(3600)) {
        TokenAnswer answer;
        answer.kind = kind;
        answer.token = Secret(text);
        answer.trouble = text;
        answer.life = life;
        const std::lock_guard lock(mutex_);
        answers_.push_back(std::move(answer));
        changed_.notify_all();
    }
    void grant(const std::string& token, seconds life = seconds(3600)) {
        give(TokenAnswer::Kind::granted, token, life);
    }
    void note_change() {
        const std::lock_guard lock(mutex_);
        ++told_;
        changed_.notify_all();
    }
    /// Waits until so many answers were told of.
    bool await(int told) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, seconds(20), [&] { return told_ >= told; });
    }
    int asked() {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

  private:
    TokenAnswer answer() {
        std::unique_lock lock(mutex_);
        ++asked_;
        changed_.wait(lock, [this] { return is_stopped_ || !answers_.empty(); });
        if (answers_.empty()) return {};
        auto answer = std::move(answers_.front());
        answers_.pop_front();
        return answer;
    }
    void stop() {
        const std::lock_guard lock(mutex_);
        is_stopped_ = true;
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<TokenAnswer> answers_;
    int asked_ = 0;
    int told_ = 0;
    bool is_stopped_ = false;
};

struct Scene {
    Desk desk;
    AccessToken token{desk.source()};
    BootTime now{minutes(100)};
    int name = token.subscribe([this] { desk.note_change(); });

    std::string header() {
        const auto issued = token.take(now);
        return issued ? issued->authorization : "-";
    }
};

}  // namespace

TEST_CASE("a token is asked for when somebody wants to send, and once for all", "[unit][gateway]") {
    Scene scene;
    CHECK(scene.desk.asked() == 0);
    for (int i = 0; i < 5; ++i)
        CHECK(scene.header() == "-");
    CHECK(scene.token.standing() == Standing::waiting);
    scene.desk.grant("one");
    REQUIRE(scene.desk.await(1));
    CHECK(scene.header() == "Bearer one");
    CHECK(scene.token.standing() == Standing::ready);
    CHECK(scene.token.generation() == 1);
    CHECK(scene.desk.asked() == 1);
}

TEST_CASE("it is renewed ahead of its end while the old one serves", "[unit][gateway]") {
    Scene scene;
    scene.desk.grant("one");
    scene.header();
    REQUIRE(scene.desk.await(1));
    scene.now += minutes(54);
    CHECK(scene.header() == "Bearer one");
    scene.now += minutes(1);
    CHECK(scene.header() == "Bearer one");  // and asks for the next
    scene.desk.grant("two");
    REQUIRE(scene.desk.await(2));
    CHECK(scene.header() == "Bearer two");
    CHECK(scene.token.generation() == 2);
    CHECK_FALSE(scene.token.take(scene.now)->is_replacement);
}

TEST_CASE("a renewal that fails is tried again, later each time, until the old one ends",
          "[unit][gateway]") {
    Scene scene;
    scene.desk.grant("one");
    scene.header();
    REQUIRE(scene.desk.await(1));
    scene.now += minutes(55);
    scene.header();
    scene.desk.give(TokenAnswer::Kind::unavailable, "no connection");
    REQUIRE(scene.desk.await(2));
    CHECK(scene.header() == "Bearer one");
    CHECK(scene.token.health().trouble.empty());
    CHECK(scene.desk.asked() == 2);  // not yet again
    scene.now += minutes(5);
    CHECK(scene.header() == "-");
    CHECK(scene.token.health().trouble == "no connection");
    CHECK(scene.token.standing() == Standing::waiting);
    scene.desk.grant("two");
    REQUIRE(scene.desk.await(3));
    CHECK(scene.header() == "Bearer two");
    CHECK(scene.token.health().trouble.empty());
}

TEST_CASE("a refusal stands until somebody tries again", "[unit][gateway]") {
    Scene scene;
    scene.header();
    scene.desk.give(TokenAnswer::Kind::refused, "invalid_grant");
    REQUIRE(scene.desk.await(1));
    CHECK(scene.header() == "-");
    CHECK(scene.token.standing() == Standing::refused);
    CHECK(scene.token.refusal() == "invalid_grant");
    scene.now += minutes(60);
    scene.header();
    CHECK(scene.desk.asked() == 1);
    scene.token.try_again();
    CHECK(scene.token.standing() == Standing::waiting);
    scene.header();
    scene.desk.grant("one");
    REQUIRE(scene.desk.await(2));
    CHECK(scene.header() == "Bearer one");
    CHECK(scene.token.refusal().empty());
}

TEST_CASE("a token that the gateway calls invalid is replaced once", "[unit][gateway]") {
    Scene scene;
    scene.desk.grant("one");
    scene.header();
    REQUIRE(scene.desk.await(1));
    CHECK(scene.token.replace(1, scene.now));
    CHECK(scene.token.replace(1, scene.now));  // another request with the same one
    CHECK(scene.token.generation() == 0);
    CHECK(scene.header() == "-");
    scene.desk.grant("two");
    REQUIRE(scene.desk.await(2));
    CHECK(scene.header() == "Bearer two");
    CHECK(scene.token.replace(1, scene.now));  // one that was under way
    CHECK(scene.header() == "Bearer two");
    CHECK_FALSE(scene.token.replace(2, scene.now));
    scene.token.prove(2);
    CHECK(scene.token.replace(2, scene.now));
    CHECK(scene.header() == "-");
}

TEST_CASE("it ends at once, whoever is asking", "[unit][gateway]") {
    Desk desk;
    {
        AccessToken token(desk.source());
        token.take(BootTime(minutes(1)));
    }
    CHECK(desk.asked() <= 1);
}

}  // namespace dispatcher::test
