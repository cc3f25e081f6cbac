#include "config/quantity.h"

#include "support/catch.h"

using namespace dispatcher;
using namespace std::chrono_literals;

TEST_CASE("a duration is a whole number and a unit", "[unit]") {
    CHECK(parse_duration("500ms") == 500ms);
    CHECK(parse_duration("30s") == 30s);
    CHECK(parse_duration("5m") == 5min);
    CHECK(parse_duration("12h") == 12h);
    CHECK(parse_duration("400d") == 24h * 400);
    CHECK(parse_duration("0s") == 0s);
    for (const auto* text :
         {"", "30", "s", "-5s", "+5s", "1.5h", "5 s", " 5s", "5s ", "5S", "1h30m", "010s", "5sec",
          "99999999999d", "99999999999999999999ms", "5μs"})
        CHECK_FALSE(parse_duration(text).has_value());
}

TEST_CASE("a rate is a number for each unit of time", "[unit]") {
    CHECK(parse_rate("5000/s") == 5000.0);
    CHECK(parse_rate("120/m") == 2.0);
    CHECK(parse_rate("7200/h") == 2.0);
    CHECK(parse_rate("0.5/s") == 0.5);
    for (const auto* text : {"", "5000", "0/s", "0.0/s", "-1/s", "1e3/s", "inf/s", "nan/s", ".5/s",
                             "5./s", "5/ms", "5/", "/s", "5 /s", "5/s/s", "0x5/s"})
        CHECK_FALSE(parse_rate(text).has_value());
}

TEST_CASE("a count is decimal and has no leading zeros", "[unit]") {
    CHECK(parse_count("0") == 0U);
    CHECK(parse_count("18446744073709551615") == UINT64_MAX);
    for (const auto* text : {"", "010", "00", "-1", "+1", "1.0", "1e3", "0x10", "1_000", "1,000",
                             "18446744073709551616", " 1"})
        CHECK_FALSE(parse_count(text).has_value());
}

TEST_CASE("an instant has a zone", "[unit]") {
    const WallTime nine{1'803'891'600'000ms};  // date -ud 2027-03-01T09:00:00 +%s
    for (const auto* text :
         {"2027-03-01T09:00:00Z", "2027-03-01T09:00Z", "2027-03-01T10:00:00+01:00",
          "2027-03-01T10:00+0100", "2027-02-28T23:30:00.000-09:30"})
        CHECK(parse_instant(text) == nine);
    CHECK(parse_instant("2027-03-01T09:00:00.123Z") == nine + 123ms);
    CHECK(parse_instant("2028-02-29T00:00Z").has_value());
    for (const auto* text :
         {"", "2027-03-01", "2027-03-01T09:00:00", "2027-02-29T09:00Z", "2027-13-01T09:00Z",
          "2027-03-01T24:00Z", "2027-03-01T09:60Z", "2027-03-01T09:00:60Z", "2027-03-01 09:00Z",
          "2027-03-01T09:00+15:00", "2027-03-01T09:00Europe/Berlin", "2027-03-01T09:00Zx",
          "2027-03-01T09:00:00.1Z", "27-03-01T09:00Z", "1969-12-31T23:59Z", "2027-03-01T9:00Z"})
        CHECK_FALSE(parse_instant(text).has_value());
}
