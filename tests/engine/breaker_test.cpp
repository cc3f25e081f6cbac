#include "engine/breaker.h"

#include "support/catch.h"

namespace dispatcher {
namespace {

Outcome bad_token() {
    return Outcome::rejected(Reason::bad_device_token, true);
}

void observe(Breaker& breaker, const Outcome& outcome, int times) {
    for (int i = 0; i < times; ++i)
        breaker.observe(outcome);
}

}  // namespace

TEST_CASE("a run that is refused from the first device on trips at rest", "[unit]") {
    Breaker breaker;
    observe(breaker, bad_token(), 1);
    CHECK_FALSE(breaker.has_tripped(true));  // one device alone may simply have a bad token
    observe(breaker, bad_token(), 1);
    CHECK_FALSE(breaker.has_tripped(false));  // more answers are on their way
    CHECK(breaker.has_tripped(true));
}

TEST_CASE("one accepted device excuses a few bad ones", "[unit]") {
    Breaker breaker;
    breaker.observe(Outcome::accepted());
    observe(breaker, bad_token(), 9);
    CHECK_FALSE(breaker.has_tripped(true));
}

TEST_CASE("a tenth of a short run is a pattern", "[unit]") {
    Breaker breaker;
    observe(breaker, Outcome::accepted(), 90);
    observe(breaker, bad_token(), 10);
    CHECK_FALSE(breaker.has_tripped(false));
    CHECK(breaker.has_tripped(true));
}

TEST_CASE("more than fifty bad devices trip before the first thousand is full", "[unit]") {
    Breaker breaker;
    observe(breaker, bad_token(), 50);
    CHECK_FALSE(breaker.has_tripped(false));
    breaker.observe(bad_token());
    CHECK(breaker.has_tripped(false));
}

TEST_CASE("five percent of the last thousand is allowed, old answers are forgotten", "[unit]") {
    Breaker breaker;
    observe(breaker, bad_token(), 50);
    observe(breaker, Outcome::accepted(), 950);
    CHECK_FALSE(breaker.is_on_probation());
    CHECK_FALSE(breaker.has_tripped(true));
    observe(breaker, Outcome::accepted(), 50);  // pushes the fifty bad ones out of the window
    CHECK(breaker.suspicious() == 0);
    observe(breaker, bad_token(), 51);
    CHECK(breaker.has_tripped(false));
}

TEST_CASE("dead devices and refusals are no sign of a wrong configuration", "[unit]") {
    Breaker breaker;
    observe(breaker, Outcome::rejected(Reason::unregistered), 500);
    observe(breaker, Outcome::refused(Reason::too_many_requests), 500);
    observe(breaker, Outcome::unknown(Reason::timeout), 500);
    CHECK_FALSE(breaker.has_tripped(true));
    CHECK(breaker.answers() == 500);
}

TEST_CASE("a gateway most of whose answers prove nothing is seen", "[unit]") {
    Breaker breaker;
    observe(breaker, Outcome::unknown(Reason::server_error), 99);
    CHECK_FALSE(breaker.is_unclear());
    breaker.observe(Outcome::unknown(Reason::bad_answer));
    CHECK(breaker.is_unclear());
    observe(breaker, Outcome::accepted(), 100);
    CHECK_FALSE(breaker.is_unclear());
    CHECK(breaker.heard() == 200);
    observe(breaker, Outcome::accepted(), 900);  // old answers are forgotten
    CHECK(breaker.unclear() == 0);
    observe(breaker, Outcome::unknown(Reason::server_error), 500);
    CHECK_FALSE(breaker.is_unclear());
    breaker.observe(Outcome::unknown(Reason::server_error));
    CHECK(breaker.is_unclear());
}

TEST_CASE("silence and what was never sent are no answers", "[unit]") {
    Breaker breaker;
    observe(breaker, Outcome::unknown(Reason::timeout), 500);
    observe(breaker, Outcome::unknown(Reason::connection_lost), 500);
    observe(breaker, Outcome::not_sent(Reason::goaway), 500);
    CHECK_FALSE(breaker.is_unclear());
    CHECK(breaker.heard() == 0);
}

}  // namespace dispatcher
