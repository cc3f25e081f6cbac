#include "cli/terminal.h"

#include "support/catch.h"

namespace dispatcher::cli {

TEST_CASE("a text is taken back by the rows that it took on the screen") {
    CHECK(taken_back("one\ntwo\n", 80) == "\x1b[2A\r\x1b[J");
    CHECK(taken_back("a\n\nb\n", 80) == "\x1b[3A\r\x1b[J");
}

TEST_CASE("a line that the screen wrapped took more than one row") {
    CHECK(taken_back("12345678\n", 8) == "\x1b[1A\r\x1b[J");
    CHECK(taken_back("123456789\n", 8) == "\x1b[2A\r\x1b[J");
    CHECK(taken_back("12345678901234567\nx\n", 8) == "\x1b[4A\r\x1b[J");
    CHECK(taken_back("äöüäöüäö\n", 8) == "\x1b[1A\r\x1b[J");
}

}  // namespace dispatcher::cli
