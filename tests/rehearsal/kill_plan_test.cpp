#include "rehearsal/kill_plan.h"

#include <set>

#include "support/catch.h"

namespace dispatcher {

TEST_CASE("a seed draws the same kills, another one others", "[unit]") {
    const auto aims = [](std::uint64_t seed) {
        std::string text;
        for (const auto& kill : plan_kills(seed, 20))
            text += KillAim(1000, 10).aim(kill) + " ";
        return text;
    };
    CHECK(aims(7) == aims(7));
    CHECK(aims(7) != aims(8));
}

TEST_CASE("the kills are spread over the campaign, in order", "[unit]") {
    constexpr unsigned kKills = 9;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        const auto kills = plan_kills(seed, kKills);
        REQUIRE(kills.size() == kKills);
        for (unsigned i = 0; i < kKills; ++i) {
            CHECK(kills[i].progress >= i / 10.0);
            CHECK(kills[i].progress < (i + 1) / 10.0);
        }
    }
}

TEST_CASE("most kills fall on an answer, and every step gets its turn", "[unit]") {
    std::set<std::string_view> steps;
    int on_answers = 0;
    constexpr int kSeeds = 300;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed)
        for (const auto& kill : plan_kills(seed, 2)) {
            steps.insert(kill.step);
            on_answers += kill.step == "CP13" ? 1 : 0;
        }
    CHECK(steps.size() == 13);
    CHECK(on_answers > kSeeds);
    for (const auto step : steps)
        CHECK_FALSE(explain_step(step).empty());
}

TEST_CASE("the first process is never to be killed in the recovery of one before", "[unit]") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        const auto step = plan_kills(seed, 1)[0].step;
        CHECK(step != "CP22");
        CHECK(step != "CP24");
    }
}

TEST_CASE("a kill aims at what is still to come, whatever the kills before cost", "[unit]") {
    KillAim aim(100, 10);
    const PlannedKill first{0.2, "CP13"};
    CHECK(aim.aim(first) == "CP13:21");
    aim.hit(first);  // 21 answers, and up to 10 in doubt
    const PlannedKill second{0.5, "CP13"};
    CHECK(aim.aim(second) == "CP13:20");
    const PlannedKill passed{0.25, "CP13"};
    CHECK(aim.aim(passed) == "CP13:1");
    const PlannedKill step{0.6, "CP05"};
    CHECK(aim.aim(step) == "CP05:1");
    aim.hit(step);
    CHECK(aim.aim(second) == "CP13:10");
}

TEST_CASE("so few requests are on the wire that every kill finds some left", "[unit]") {
    CHECK(wire_for_kills(20, 5) == 1);
    CHECK(wire_for_kills(3, 100) == 1);
    CHECK(wire_for_kills(10'000, 4) == 1000);
}

}  // namespace dispatcher
