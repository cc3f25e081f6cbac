#include "gateway/http2/concurrency_limit.h"

#include <algorithm>
#include <deque>

#include "support/catch.h"

namespace dispatcher::http2 {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

/// A gateway that answers after `latency`, at most `per_second` requests, to a sender that always
/// has more; time passes in steps of a millisecond.
struct Model {
    nanoseconds latency;
    double per_second;
    /// Open requests above this are turned away.
    std::size_t turned_away_above = SIZE_MAX;

    ConcurrencyLimit limit{{1'000, 16'000}};
    BootTime now{1s};
    std::deque<BootTime> open{};
    double allowance = 0;
    std::uint64_t answered = 0;
    std::size_t demand = SIZE_MAX;  ///< requests that the sender has ready in a millisecond

    void run(nanoseconds time) {
        for (const auto end = now + time; now < end; now += 1ms) {
            for (std::size_t i = 0; i < demand && open.size() < limit.now(); ++i)
                open.push_back(now);
            const bool is_trouble = open.size() > turned_away_above;
            allowance = std::min(allowance + per_second / 1e3, per_second / 1e2);
            while (!open.empty() && allowance >= 1 && open.front() + latency <= now) {
                limit.note_reply(now - open.front(), is_trouble);
                open.pop_front();
                allowance -= 1;
                ++answered;
            }
            limit.observe(now);
        }
    }
};

}  // namespace

TEST_CASE("a limit grows with the latency until the gateway's speed is reached") {
    for (const auto latency : {20ms, 50ms, 100ms, 200ms}) {
        CAPTURE(latency.count());
        Model model{latency, 40'000};
        model.run(5s);
        const auto before = model.answered;
        model.run(5s);
        const auto reachable =
            std::min(40'000.0, 16'000.0 / (static_cast<double>(latency.count()) / 1e3));
        CHECK(static_cast<double>(model.answered - before) >= 0.95 * 5 * reachable);
        // No more than a step beyond what it takes.
        CHECK(static_cast<double>(model.limit.now()) <=
              4 * reachable * static_cast<double>(latency.count()) / 1e3);
    }
}

TEST_CASE("a limit stays where it began while more would only queue") {
    Model model{1ms, 40'000};
    model.run(30s);
    CHECK(model.limit.now() == 1'000);
}

TEST_CASE("a limit stays where it began while less is in use") {
    Model model{200ms, 1e6};
    model.demand = 2;  // 2,000 a second: 400 open
    model.run(30s);
    CHECK(model.limit.now() == 1'000);
}

TEST_CASE("a step that brings nothing is taken back, and tried again only later") {
    Model model{50ms, 20'000};  // 1,000 open suffice
    std::size_t most = 0;
    int steps = 0;
    for (int i = 0; i < 30'000; ++i) {
        const auto before = model.limit.now();
        model.run(1ms);
        most = std::max(most, model.limit.now());
        if (model.limit.now() > before) ++steps;
    }
    CHECK(most == 2'000);
    CHECK(steps >= 1);
    CHECK(steps <= 3);
}

TEST_CASE("a limit shrinks where requests are turned away or not answered") {
    Model model{200ms, 1e6};
    model.run(5s);
    REQUIRE(model.limit.now() == 16'000);
    model.turned_away_above = 0;
    model.run(20s);
    CHECK(model.limit.now() == 1'000);

    Model silent{200ms, 1e6};
    silent.run(5s);
    for (int i = 0; i < 100'000; ++i)
        silent.limit.note_silence();
    silent.run(500ms);
    CHECK(silent.limit.now() == 8'000);
}

TEST_CASE("a limit follows what the connections turn out to carry") {
    ConcurrencyLimit limit({1'000, 16'000});
    limit.fit({400, 1'600});
    CHECK(limit.now() == 400);
    limit.fit({1'000, 16'000});
    CHECK(limit.now() == 1'000);

    Model grown{200ms, 1e6};
    grown.run(5s);
    grown.limit.fit({400, 1'600});
    CHECK(grown.limit.now() == 1'600);
}

}  // namespace dispatcher::http2
