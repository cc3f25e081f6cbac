#include "engine/device_tokens.h"

#include "engine/token_types.h"
#include "support/catch.h"

namespace dispatcher {
namespace {

using Values = std::vector<std::string_view>;

const std::vector<std::string> kColumns = {"auth", "endpoint", "registered_at"};

DeviceTokens tokens_of(const std::string& store, const std::string& target) {
    return {store, {"web", "two", target}, test::TwoColumns(), kColumns};
}

}  // namespace

TEST_CASE("a mark is of the store, the target and the token, and of nothing else", "[unit]") {
    const auto tokens = tokens_of("store", "here");
    const auto mark = tokens.mark_of(Values{"secret", "https://push/1"});
    CHECK(mark.size() == 32);
    CHECK(tokens.mark_of(Values{"renewed", "https://push/1"}) == mark);
    CHECK(tokens.mark_of(Values{"secret", "https://push/2"}) != mark);
    CHECK(tokens_of("other", "here").mark_of(Values{"secret", "https://push/1"}) != mark);
    CHECK(tokens_of("store", "there").mark_of(Values{"secret", "https://push/1"}) != mark);
    CHECK(tokens.mark_of(Values{"secret", ""}).empty());
    CHECK(tokens.mark_of(Values{}).empty());
    CHECK(DeviceTokens().mark_of(Values{"secret", "https://push/1"}).empty());
}

TEST_CASE("a registration is RFC 3339 or milliseconds, and else no time at all", "[unit]") {
    const auto ms = [](std::string_view text) -> std::int64_t {
        const auto time = read_registration_time(text);
        return time ? time->time_since_epoch().count() : -1;
    };
    CHECK(ms("0") == 0);
    CHECK(ms("1803891603123") == 1'803'891'603'123);
    CHECK(ms("2027-03-01T09:00:03.123Z") == 1'803'891'603'123);
    CHECK(ms("2027-03-01t09:00:03.123456z") == 1'803'891'603'123);
    CHECK(ms("2027-03-01 10:00:03.1+01:00") == 1'803'891'603'100);
    CHECK(ms("2027-03-01T03:30:03-05:30") == 1'803'891'603'000);
    for (const auto* const text :
         {"", "yesterday", "-1", "1803891603123x", "999999999999999999", "2027-03-01",
          "2027-03-01T09:00:03", "2027-02-30T09:00:03Z", "2027-13-01T09:00:03Z",
          "2027-03-01T24:00:03Z", "2027-03-01T09:00:03.Z", "2027-03-01T09:00:03Zx",
          "2027-03-01T09:00:03+0100", "2027-3-01T09:00:03Z", "2027-03-01T09:00:-3Z"})
        CHECK(ms(text) == -1);
    CHECK(tokens_of("store", "here").registered_at(Values{"", "", "7"}) ==
          WallTime(std::chrono::milliseconds(7)));
    CHECK_FALSE(tokens_of("store", "here").registered_at(Values{"", ""}).has_value());
}

TEST_CASE("what is meant as a registration and is none is told apart from none at all", "[unit]") {
    for (const auto* const text : {"", "1803891603123", "2027-03-01T09:00:03Z"})
        CHECK_FALSE(is_doubtful_registration_time(text));
    for (const auto* const text : {"1803891603", "2027-03-01 09:00:03", "yesterday"})
        CHECK(is_doubtful_registration_time(text));
}

}  // namespace dispatcher
