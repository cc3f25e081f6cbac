#include "base/trimmed.h"

#include "support/catch.h"

namespace dispatcher {

TEST_CASE("a trimmed text has no blanks at its ends, and keeps those within", "[unit]") {
    CHECK(trimmed(" \ta b\t", " \t") == "a b");
    CHECK(trimmed("a", " ") == "a");
    CHECK(trimmed("\ta ", " ") == "\ta");
    CHECK(trimmed("", " ").empty());
    CHECK(trimmed(" \t ", " \t").empty());
}

}  // namespace dispatcher
