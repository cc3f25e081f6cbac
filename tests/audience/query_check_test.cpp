#include "audience/query_check.h"

#include "support/catch.h"

namespace dispatcher {

TEST_CASE("queries that only select are let through", "[unit]") {
    for (const auto* const query :
         {"SELECT appid FROM d", "  (select appid from d) ", "WITH x AS (SELECT 1) SELECT * FROM x",
          "-- who\nSELECT appid FROM d;", "/* who */ SELECT 'INTO' FROM d # and INTO",
          "SELECT `into`, \"a;b\", 'it''s; \\' INTO' FROM d ;  ",
          "SELECT insert('a',1,1,'b') FROM d", "SELECT updated, intox FROM d"}) {
        CAPTURE(query);
        CHECK_FALSE(query_problem(query).has_value());
    }
}

TEST_CASE("queries that would do more than select are refused", "[unit]") {
    CHECK(query_problem(" ") == "is empty");
    CHECK(query_problem("DELETE FROM d") ==
          "must only read: it begins with DELETE, not with SELECT or WITH");
    CHECK(query_problem("call p()").has_value());
    CHECK(query_problem("SELECT 1; DROP TABLE d") ==
          "must be one statement: something follows the semicolon");
    CHECK(query_problem("SELECT appid FROM d INTO OUTFILE '/tmp/x'") ==
          "must only read: INTO would write somewhere");
    CHECK(query_problem("SELECT appid FROM d for  update") ==
          "must only read: FOR UPDATE would lock what others need");
    CHECK(query_problem("SELECT appid /*!50000 INTO @x */ FROM d").has_value());
    CHECK(query_problem("SELECT '\\\\' INTO @x").has_value());
}

TEST_CASE("the mark of a refresh query is found where it is no text", "[unit]") {
    using Places = std::vector<std::size_t>;
    CHECK(find_appids_marks("SELECT 1 WHERE a IN (:appids)") == Places{21});
    CHECK(find_appids_marks(":appids UNION :appids") == Places{0, 14});
    CHECK(find_appids_marks("SELECT ':appids', `:appids` -- :appids\n/* :appids */").empty());
    CHECK(find_appids_marks("SELECT :appids_more, :appid, :APPIDS, : appids").empty());
    CHECK_FALSE(refresh_query_problem("SELECT appid FROM d WHERE appid IN (:appids)").has_value());
    CHECK(refresh_query_problem("SELECT appid FROM d WHERE appid = ':appids'") ==
          "must ask for the devices whose turn it is: write WHERE appid IN (:appids)");
    CHECK(refresh_query_problem("DELETE FROM d WHERE appid IN (:appids)") ==
          "must only read: it begins with DELETE, not with SELECT or WITH");
}

}  // namespace dispatcher
