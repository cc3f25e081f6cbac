#include "config/settings_reader.h"

#include <string>
#include <vector>

#include "base/error.h"
#include "config/config_folder.h"
#include "support/catch.h"

namespace dispatcher {
namespace {

using namespace std::chrono_literals;
using Orders = std::vector<std::string>;

Settings some_settings() {
    Settings settings;
    settings.rate_per_second = 5000;
    settings.deadline_after = 24h;
    return settings;
}

}  // namespace

TEST_CASE("orders change what they name and nothing else", "[unit]") {
    const auto changed =
        changed_settings(some_settings(), Orders{"rate=90/m", "retry.first=10m", "retry.max=1h"});
    CHECK(changed.rate_per_second == 1.5);
    CHECK(changed.retry.first == 10min);
    CHECK(changed.retry.max == 1h);
    CHECK(changed.retry.attempts == some_settings().retry.attempts);
    CHECK(changed.deadline_after == 24h);
    CHECK(settings_differences(some_settings(), changed) ==
          Orders{"rate 5000/s → 1.5/s", "retry.first 1s → 10m", "retry.max 5m → 1h"});
    CHECK(settings_differences(changed, changed).empty());
}

TEST_CASE("the share that may be gone is told as it is written", "[unit]") {
    const auto changed = changed_settings(some_settings(), Orders{"max_gone=100%"});
    CHECK(settings_differences(some_settings(), changed) == Orders{"max_gone 20% → 100%"});
    CHECK(Settings::from_json(changed.to_json()).max_gone == 1);
    CHECK(Settings::from_json(some_settings().to_json()).max_gone == 0.2);
}

TEST_CASE("none takes a limit away, and a deadline has one form", "[unit]") {
    const auto none = changed_settings(some_settings(), Orders{"rate=none", "deadline=none"});
    CHECK(none.rate_per_second == 0);
    CHECK_FALSE(none.deadline_after.has_value());
    const auto at = changed_settings(some_settings(), Orders{"deadline=2027-03-01T20:00:00Z"});
    CHECK(at.deadline_at.has_value());
    CHECK_FALSE(at.deadline_after.has_value());
    CHECK(settings_differences(some_settings(), at) ==
          Orders{"deadline 1d → 2027-03-01T20:00:00.000Z"});
}

TEST_CASE("a send window is set, changed in part and taken away", "[unit]") {
    const auto set = changed_settings(
        some_settings(), Orders{"zone=UTC", "send_window.from=09:00", "send_window.to=21:00"});
    CHECK(settings_differences(some_settings(), set) ==
          Orders{"send_window none → 09:00 to 21:00 UTC, defer outside"});
    const auto later = changed_settings(set, Orders{"send_window.to=22:00"});
    CHECK(settings_differences(set, later) ==
          Orders{"send_window 09:00 to 21:00 UTC, defer outside → 09:00 to 22:00 UTC, defer "
                 "outside"});
    CHECK_FALSE(changed_settings(later, Orders{"send_window=none"}).send_window.has_value());
}

TEST_CASE("wrong orders are told by their keys, all at once, and change nothing", "[unit]") {
    const dispatcher::test::ConfigFolder folder;
    const auto problem = [&](const Orders& orders) {
        return folder.problem_of([&] { changed_settings(some_settings(), orders); });
    };
    CHECK(problem({"rate=fast"}) ==
          "rate: 'fast' is not a rate such as 5000/s or 100/m; leave it out for no "
          "limit");
    CHECK(problem({"rat=5/s", "retry.atempts=3"}) ==
          "unknown key 'rat'; did you mean 'rate'?\n"
          "unknown key 'atempts' in retry; did you mean 'attempts'?");
    CHECK(problem({"rate"}) == "'rate' is not of the form KEY=VALUE, such as rate=1000/s");
    CHECK(problem({"retry.max=1ms"}) == "retry.max is shorter than first");
    CHECK(problem({"send_window=9-21"}).find("send_window") != std::string::npos);
    CHECK(problem({"in_doubt=resend"}).find("unknown key 'in_doubt'") != std::string::npos);
}

}  // namespace dispatcher
