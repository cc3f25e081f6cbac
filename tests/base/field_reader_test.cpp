#include "base/field_reader.h"

#include "support/catch.h"

namespace dispatcher {

TEST_CASE("fields are taken one behind the other", "[unit]") {
    FieldReader fields("2027-03-01 09+.25!");
    CHECK(fields.date() == std::chrono::sys_days(std::chrono::year(2027) / 3 / 1));
    CHECK(fields.one_of("T ") == ' ');
    CHECK(fields.number(2, 23) == 9);
    CHECK_FALSE(fields.take('-'));
    CHECK(fields.take('+'));
    CHECK(fields.fraction() == 250);
    CHECK(fields.fraction() == 0);
    CHECK_FALSE(fields.is_over());
    CHECK(fields.one_of("!") == '!');
    CHECK(fields.is_over());
}

TEST_CASE("a fraction may be longer or shorter than thousandths", "[unit]") {
    CHECK(FieldReader(".5").fraction() == 500);
    CHECK(FieldReader(".1239999999999999999999").fraction() == 123);
    for (const auto* const text : {".", ".x"}) {
        FieldReader fields(text);
        CHECK(fields.fraction() == 0);
        CHECK_FALSE(fields.take('x'));
    }
}

TEST_CASE("once a field does not fit, no later one does", "[unit]") {
    for (const auto* const text : {"1", "1x1", "32-", "-11"}) {
        FieldReader fields(text);
        CHECK(fields.number(2, 31) == 0);
        CHECK(fields.number(1, 9) == 0);
        CHECK(fields.one_of("-x1") == '\0');
        CHECK_FALSE(fields.take('1'));
        CHECK_FALSE(fields.is_over());
    }
    FieldReader strange("x");
    CHECK(strange.one_of("yz") == '\0');
    CHECK_FALSE(strange.take('x'));
}

TEST_CASE("a date is a day that there is", "[unit]") {
    for (const auto* const text : {"0000-01-01", "1969-12-31", "2028-02-29", "9999-12-31"}) {
        FieldReader fields(text);
        (void)fields.date();
        CHECK(fields.is_over());
    }
    for (const auto* const text :
         {"", "2027-02-29", "2027-13-01", "2027-00-01", "2027-01-00", "27-01-01", "2027/01/01"}) {
        FieldReader fields(text);
        CHECK(fields.date() == std::chrono::sys_days());
        CHECK_FALSE(fields.is_over());
    }
}

}  // namespace dispatcher
