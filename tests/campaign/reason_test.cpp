#include "campaign/reason.h"

#include <set>
#include <string>

#include "support/catch.h"

using namespace dispatcher;

namespace {

/// Every number that the table may hold.
constexpr int kNumberMax = 999;

}  // namespace

TEST_CASE("every reason's name leads back to it", "[unit]") {
    std::set<std::string> names;
    int known = 0;
    for (int number = 1; number <= kNumberMax; ++number) {
        const auto reason = static_cast<Reason>(number);
        const std::string name(to_string(reason));
        if (name == "unknown") continue;
        ++known;
        INFO(name);
        CHECK(names.insert(name).second);
        CHECK(parse_reason(name) == reason);
        CHECK(explain(reason).ends_with('.'));
    }
    CHECK(known == 41);
}

TEST_CASE("reasons keep their numbers, because flags hold them", "[unit]") {
    CHECK(parse_reason("assumed") == static_cast<Reason>(100));
    CHECK(parse_reason("unregistered") == static_cast<Reason>(200));
    CHECK(parse_reason("rejected_by_request") == static_cast<Reason>(206));
    CHECK(parse_reason("unreachable") == static_cast<Reason>(300));
    CHECK(parse_reason("resend") == static_cast<Reason>(311));
    CHECK(parse_reason("rejected_before") == static_cast<Reason>(313));
    CHECK(parse_reason("timeout") == static_cast<Reason>(400));
    CHECK(parse_reason("journal_lost") == static_cast<Reason>(408));
    CHECK(parse_reason("tries_used_up") == static_cast<Reason>(500));
    CHECK(parse_reason("resolved") == static_cast<Reason>(503));
}

TEST_CASE("no reason has no name, and no name is no reason", "[unit]") {
    CHECK(to_string(Reason::none).empty());
    CHECK(explain(Reason::none).empty());
    CHECK_FALSE(parse_reason("").has_value());
    CHECK_FALSE(parse_reason("unknown").has_value());
    CHECK_FALSE(parse_reason("Timeout").has_value());
}

TEST_CASE("a device that was ever in doubt is remembered in the code", "[unit]") {
    for (const bool was_in_doubt : {false, true}) {
        const Code code{Reason::unregistered, was_in_doubt};
        CHECK(Code::from_stored(code.stored()) == code);
    }
    CHECK(Code{Reason::unregistered, false}.stored() == 200);
    CHECK(Code{Reason::unregistered, true}.stored() == 0x8000 + 200);
}
