#include "gateway/http2/concurrency_limit.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>

#include "support/catch.h"

namespace dispatcher::http2 {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

/// A gateway that answers in order after `latency`, at most `per_second` requests, to a sender that
/// always has more; time passes in steps of a millisecond. With `noise` its speed wavers by about
/// that share, its latency by a tenth of that, and the machine pauses now and then.
struct Model {
    nanoseconds latency;
    double per_second;
    double noise = 0;
    std::uint64_t seed = 0;
    /// Open requests above this are turned away.
    std::size_t turned_away_above = SIZE_MAX;
    std::size_t demand = SIZE_MAX;  ///< requests that the sender has ready in a millisecond

    ConcurrencyLimit limit{{1'000, 16'000}};
    BootTime now{1s};
    struct Group {
        BootTime began;
        BootTime ready;
        std::size_t count;
    };
    std::deque<Group> groups{};
    std::size_t open = 0;
    double allowance = 0;
    std::uint64_t answered = 0;
    double could_answer = 0;
    double open_seconds = 0;
    std::size_t most = 0;

    std::mt19937_64 random{seed};
    double speed = 1;
    BootTime speed_until{};
    BootTime paused_until{};

    double chance() { return static_cast<double>(random() % 1'000'000) / 1e6; }
    nanoseconds part(nanoseconds time, double share) {
        return nanoseconds(static_cast<std::int64_t>(static_cast<double>(time.count()) * share));
    }

    void waver() {
        if (noise == 0 || now < speed_until) return;
        speed = 1 + noise * std::sqrt(3.0) * (2 * chance() - 1);
        speed_until = now + part(200ms, chance());
        if (chance() < noise / 2) paused_until = now + part(80ms, chance());
    }

    void submit() {
        const auto count = std::min(demand, limit.now() - std::min(limit.now(), open));
        const auto ready = now + part(latency, 1 + noise / 10 * (2 * chance() - 1));
        if (count > 0) groups.push_back({now, ready, count});
        open += count;
        most = std::max(most, open);
    }

    void answer() {
        const bool is_trouble = open > turned_away_above;
        const auto capacity = now < paused_until ? 0 : per_second * speed / 1e3;
        could_answer += capacity;
        allowance = std::min(allowance, 1.0) + capacity;
        while (!groups.empty() && allowance >= 1 && groups.front().ready <= now) {
            auto& group = groups.front();
            const auto count = std::min(group.count, static_cast<std::size_t>(allowance));
            for (std::size_t i = 0; i < count; ++i)
                limit.note_reply(group.began, now, is_trouble);
            allowance -= static_cast<double>(count);
            answered += count;
            open -= count;
            group.count -= count;
            if (group.count == 0) groups.pop_front();
        }
    }

    void run(nanoseconds time) {
        for (const auto end = now + time; now < end;) {
            waver();
            submit();
            const auto was_open = open;
            now += 1ms;
            answer();
            open_seconds += static_cast<double>(was_open) / 1e3;
            limit.observe(now, was_open);
        }
    }

    /// Of what it could have answered meanwhile, what it did.
    double share_reached(nanoseconds time) {
        const auto answered_before = static_cast<double>(answered);
        const auto could_before = could_answer;
        run(time);
        return (static_cast<double>(answered) - answered_before) / (could_answer - could_before);
    }
};

double seconds(nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

}  // namespace

TEST_CASE("a limit finds the gateway's speed in a few latencies, and allows little beyond it") {
    constexpr int kSeeds = 20;
    for (const double per_second : {20'000.0, 60'000.0})
        for (const auto latency : {0ms, 1ms, 5ms, 20ms, 50ms, 100ms, 200ms}) {
            CAPTURE(per_second, latency.count());
            const auto needed = std::max(1'000.0, per_second * seconds(latency));
            double shares = 0;
            double open = 0;
            for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
                CAPTURE(seed);
                Model model{latency, per_second, 0.1, seed};
                model.run(250ms + 10 * latency);
                const auto open_before = model.open_seconds;
                const auto share = model.share_reached(8s);
                CHECK(share >= 0.9);
                shares += share;
                const auto mean_open = (model.open_seconds - open_before) / 8;
                CHECK(mean_open <= 2.5 * needed);
                open += mean_open;
                if (latency <= 5ms) CHECK(model.most == 1'000);
            }
            CHECK(shares / kSeeds >= 0.95);
            CHECK(open / kSeeds <= 2 * needed);
        }
}

TEST_CASE("a limit stays where it began while more would only queue") {
    Model model{1ms, 40'000};
    model.run(60s);
    CHECK(model.most == 1'000);
}

TEST_CASE("a limit stays where it began while less is in use") {
    Model model{200ms, 1e6};
    model.demand = 2;  // 2,000 a second: 400 open
    model.run(30s);
    CHECK(model.limit.now() == 1'000);
}

TEST_CASE("a limit is what the connections carry while that is too little") {
    Model model{200ms, 1e6, 0.1};
    model.run(3s);
    const auto before = model.answered;
    model.run(10s);
    CHECK(static_cast<double>(model.answered - before) >= 0.95 * 10 * 16'000 / 0.2);
}

TEST_CASE("a limit follows the latency and the speed") {
    struct Change {
        nanoseconds from, to;
        double per_second_from, per_second_to;
    };
    for (const auto& change :
         {Change{5ms, 100ms, 40'000, 40'000}, Change{50ms, 100ms, 40'000, 40'000},
          Change{200ms, 20ms, 40'000, 40'000}, Change{100ms, 100ms, 20'000, 80'000},
          Change{100ms, 100ms, 80'000, 20'000}})
        for (std::uint64_t seed = 0; seed < 5; ++seed) {
            CAPTURE(change.from.count(), change.to.count(), change.per_second_to, seed);
            Model model{change.from, change.per_second_from, 0.1, seed};
            model.run(40s);
            model.latency = change.to;
            model.per_second = change.per_second_to;
            model.run(60s);
            CHECK(model.share_reached(10s) >= 0.9);
            const auto needed = std::max(1'000.0, change.per_second_to * seconds(change.to));
            CHECK(static_cast<double>(model.limit.now()) <= 3 * needed);
        }
}

TEST_CASE("a few connections of HTTP/1.1 become as many as their latency needs") {
    for (const auto latency : {20ms, 50ms, 200ms}) {
        CAPTURE(latency.count());
        Model model{latency, 20'000, 0.1};
        model.limit = ConcurrencyLimit({16, 128});
        model.run(1s + 15 * latency);
        const auto before = model.answered;
        model.run(10s);
        CHECK(static_cast<double>(model.answered - before) >=
              0.95 * 10 * 128 / seconds(latency + 1ms));
    }
    Model quick{1ms, 10'000, 0.1};
    quick.limit = ConcurrencyLimit({16, 128});
    quick.run(20s);
    CHECK(quick.limit.now() <= 48);
}

TEST_CASE("a limit that can only be one thing is left alone") {
    Model model{200ms, 1e6, 0.1};
    model.limit.fit({1'000, 1'000});
    const auto before = model.answered;
    model.run(30s);
    CHECK(static_cast<double>(model.answered - before) >= 0.95 * 30 * 1'000 / 0.2);
}

TEST_CASE("a first answer that tells a wrong latency is found out") {
    for (const auto first : {1ms, 2000ms}) {
        CAPTURE(first.count());
        Model model{50ms, 40'000, 0.1};
        model.limit.note_reply(model.now - first, model.now, false);
        model.run(5s);
        CHECK(model.share_reached(10s) >= 0.95);
        CHECK(model.limit.now() <= 5'500);
    }
}

TEST_CASE("a limit shrinks where requests are turned away or not answered") {
    Model model{200ms, 1e6};
    model.run(5s);
    REQUIRE(model.limit.now() == 16'000);
    model.turned_away_above = 0;
    model.run(10s);
    CHECK(model.limit.now() == 1'000);

    Model silent{200ms, 1e6};
    silent.run(5s);
    for (int i = 0; i < 100'000; ++i)
        silent.limit.note_silence();
    silent.run(500ms);
    CHECK(silent.limit.now() == 8'000);
}

TEST_CASE("a limit above which requests are turned away is not tried all the time") {
    Model model{100ms, 1e6};
    model.turned_away_above = 3'000;
    model.run(2s);
    double above = 0;
    for (int i = 0; i < 600; ++i) {
        model.run(100ms);
        if (model.limit.now() > 3'000) ++above;
    }
    CHECK(above <= 60);
    CHECK(above > 0);
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
