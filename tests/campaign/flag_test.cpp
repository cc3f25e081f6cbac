#include "campaign/flag.h"

#include <set>
#include <string>
#include <tuple>

#include "support/catch.h"

using namespace dispatcher;

TEST_CASE("flags move as the protocol's table says, and no other way", "[unit]") {
    // Written down a second time on purpose: transition, from (0: no row), to.
    const std::set<std::tuple<int, int, int>> table = {
        {1, 0, 1}, {2, 4, 1}, {3, 1, 2}, {3, 5, 2}, {4, 1, 3}, {4, 5, 3},  {5, 1, 4},  {5, 5, 4},
        {6, 1, 5}, {7, 5, 2}, {7, 5, 6}, {8, 5, 4}, {9, 4, 6}, {10, 3, 4}, {10, 6, 4}, {11, 0, 6}};
    for (int transition = 0; transition <= 12; ++transition)
        for (int from = 0; from <= 7; ++from)
            for (int to = 0; to <= 7; ++to) {
                INFO("T" << transition << ": " << from << " to " << to);
                CHECK(is_legal(static_cast<Transition>(transition), static_cast<FlagState>(from),
                               static_cast<FlagState>(to)) ==
                      table.contains({transition, from, to}));
            }
}

TEST_CASE("nothing leaves delivered", "[unit]") {
    for (int transition = 1; transition <= 11; ++transition)
        for (int to = 0; to <= 6; ++to)
            CHECK_FALSE(is_legal(static_cast<Transition>(transition), FlagState::delivered,
                                 static_cast<FlagState>(to)));
}

TEST_CASE("states have the names of the glossary", "[unit]") {
    const char* const names[] = {"new",      "claimed",  "delivered", "rejected",
                                 "released", "in_doubt", "skipped",   "unknown"};
    for (int state = 0; state < 8; ++state)
        CHECK(to_string(static_cast<FlagState>(state)) == std::string(names[state]));
}
