#include "campaign/retry_policy.h"

#include "support/catch.h"

using namespace dispatcher;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kShortest = 0;   // 0.8 of the delay
constexpr std::uint64_t kExact = 200;    // 1.0
constexpr std::uint64_t kLongest = 400;  // 1.2

}  // namespace

TEST_CASE("delays double from the first to the longest", "[unit]") {
    const RetryPolicy policy{.attempts = 20, .first = 1s, .max = 10s};
    const std::chrono::milliseconds expected[] = {1s, 2s, 4s, 8s, 10s, 10s};
    for (std::uint16_t tries = 1; tries <= 6; ++tries)
        CHECK(policy.delay_after(tries, {}, kExact) == expected[tries - 1]);
    CHECK(policy.delay_after(19, {}, kExact) == 10s);
}

TEST_CASE("nothing is tried more often than the policy says", "[unit]") {
    const RetryPolicy policy{.attempts = 3, .first = 1s, .max = 10s};
    CHECK(policy.delay_after(2, {}, kExact).has_value());
    CHECK_FALSE(policy.delay_after(3, {}, kExact).has_value());
    CHECK_FALSE(policy.delay_after(4, 1s, kExact).has_value());
    CHECK_FALSE(RetryPolicy{.attempts = 1}.delay_after(1, {}, kExact).has_value());
}

TEST_CASE("delays are spread by a fifth in both directions", "[unit]") {
    const RetryPolicy policy{.attempts = 9, .first = 1s, .max = 10s};
    CHECK(policy.delay_after(1, {}, kShortest) == 800ms);
    CHECK(policy.delay_after(1, {}, kLongest) == 1200ms);
    for (std::uint64_t random = 0; random < 5'000; ++random) {
        const auto delay = *policy.delay_after(1, {}, random * 0x9E3779B97F4A7C15U);
        REQUIRE(delay >= 800ms);
        REQUIRE(delay <= 1200ms);
    }
}

TEST_CASE("what the gateway asks for is the least", "[unit]") {
    const RetryPolicy policy{.attempts = 9, .first = 1s, .max = 10s};
    CHECK(policy.delay_after(1, 60s, kExact) == 60s);
    CHECK(policy.delay_after(1, 10ms, kExact) == 1s);
}

TEST_CASE("no try before the first still has the first delay, and huge policies do not overflow",
          "[unit]") {
    CHECK(RetryPolicy{.attempts = 9}.delay_after(0, {}, kExact) == 1s);
    const RetryPolicy policy{.attempts = 65'535, .first = 24h, .max = 24h * 7};
    CHECK(policy.delay_after(65'534, {}, kExact) == 24h * 7);
}
