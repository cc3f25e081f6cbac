// One contract over the databases that audiences may be read from.

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "audience/row_reader.h"
#include "base/error.h"
#include "source/query_rows.h"
#include "source/source_case.h"
#include "support/catch.h"

using namespace dispatcher;
using dispatcher::test::MariadbSource;
using dispatcher::test::SqliteSource;
using namespace std::chrono_literals;

namespace {

constexpr auto kWhere = test::kSourceWhere;

struct ReadRow {
    std::string appid;
    std::vector<std::string> values;
    std::string problem;
    bool operator==(const ReadRow&) const = default;
};

template <class Source>
std::vector<ReadRow> rows_of(const Source& source, const std::string& query) {
    QueryRows rows(source.open(query), kWhere);
    std::vector<ReadRow> all;
    for (Row row; rows.next(row);) {
        CHECK(row.line == all.size() + 1);
        all.push_back(
            {std::string(row.appid), {row.values.begin(), row.values.end()}, row.problem});
    }
    return all;
}

template <class Error>
std::string error_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

}  // namespace

TEMPLATE_TEST_CASE("the columns of a query are the audience's, byte for byte", "[contract]",
                   MariadbSource, SqliteSource) {
    TestType source;
    source.exec("CREATE TABLE " + source.table("d") + " (id " + TestType::kBytes +
                ", token VARCHAR(80), name VARCHAR(40), n BIGINT)");
    source.exec("INSERT INTO " + source.table("d") +
                " VALUES (X'6142', 't1', NULL, 1), (X'4162', 't2', '', -9223372036854775808),"
                " (X'616220', 't3', 'ü', 9223372036854775807)");
    const auto query =
        "SELECT token, id AS appid, name, n FROM " + source.table("d") + " ORDER BY token";
    QueryRows rows(source.open(query), kWhere);
    CHECK(rows.columns() == std::vector<std::string>{"token", "name", "n"});
    CHECK(rows.has_header());
    CHECK(rows_of(source, query) ==
          std::vector<ReadRow>{{"aB", {"t1", "", "1"}, ""},
                               {"Ab", {"t2", "", "-9223372036854775808"}, ""},
                               {"ab ", {"t3", "ü", "9223372036854775807"}, ""}});
}

TEMPLATE_TEST_CASE("columns that cannot be an audience's are refused", "[contract]", MariadbSource,
                   SqliteSource) {
    TestType source;
    const auto error = [&](const std::string& query) {
        return error_of<ConfigError>([&] { rows_of(source, query); });
    };
    CHECK(error("SELECT 'a' AS id") ==
          std::string(kWhere) + ": the query has no column `appid`: name it with AS appid");
    CHECK(error("SELECT 'a' AS appid, 1 AS x, 2 AS x") ==
          std::string(kWhere) + ": the query has two columns `x`: rename one with AS");
    CHECK(error("SELECT 'a' AS appid, 1 AS Token") ==
          std::string(kWhere) +
              ": column `Token` must be called `token`, in lower case: write Token "
              "AS token");
}

TEMPLATE_TEST_CASE("a value that is not text is bad in its row", "[contract]", MariadbSource,
                   SqliteSource) {
    TestType source;
    const auto rows = rows_of(source, "SELECT 'a' AS appid, X'FF' AS name");
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].problem == "the value of column `name` is not valid UTF-8");
}

TEST_CASE("types are strict", "[contract]") {
    const MariadbSource maria;
    const auto error = [&](const std::string& query) {
        return error_of<ConfigError>([&] { rows_of(maria, query); });
    };
    CHECK(error("SELECT 1e0 AS appid").find("column `appid` is a floating point number (DOUBLE)") !=
          std::string::npos);
    CHECK(error("SELECT 'a' AS appid, NOW() AS token").find("is a date or time") !=
          std::string::npos);
    CHECK(error("SELECT 'a' AS appid, POINT(1,1) AS x").find("without a text of its own") !=
          std::string::npos);
    CHECK(rows_of(maria, "SELECT 17 AS appid, 1.50 AS price, DATE '2027-03-01' AS day") ==
          std::vector<ReadRow>{{"17", {"1.50", "2027-03-01"}, ""}});
    const SqliteSource sqlite;
    CHECK(rows_of(sqlite, "SELECT 1.5 AS appid")[0].problem ==
          "the value of column `appid` is a floating point number");
}

TEMPLATE_TEST_CASE("a source is never written to", "[contract]", MariadbSource, SqliteSource) {
    TestType source;
    source.exec("CREATE TABLE " + source.table("d") + " (appid VARCHAR(9))");
    for (const std::string& statement : {"INSERT INTO " + source.table("d") + " VALUES ('a')",
                                         "DROP TABLE " + source.table("d")}) {
        CAPTURE(statement);
        CHECK(error_of<ConfigError>([&] {
                  rows_of(source, statement);
              }).find("the query would write") != std::string::npos);
    }
    CHECK(rows_of(source, "SELECT appid FROM " + source.table("d")).empty());
}

TEMPLATE_TEST_CASE("a query that fails says what the database said", "[contract]", MariadbSource,
                   SqliteSource) {
    TestType source;
    const auto error =
        error_of<ConfigError>([&] { rows_of(source, "SELECT appid FROM nothing_there"); });
    CHECK(error.starts_with(std::string(kWhere) + ": the database said: "));
    CHECK(error.find("nothing_there") != std::string::npos);
}

TEMPLATE_TEST_CASE("a query that breaks off at its timeout is no shorter answer", "[contract]",
                   MariadbSource, SqliteSource) {
    TestType source;
    source.options.timeout = 1s;
    source.options.timeout_key = "sources.crm.timeout";
    CHECK(error_of<UnavailableError>([&] {
              rows_of(source, TestType::slow_query());
          }).find("took longer than 1000 ms: give sources.crm.timeout more") != std::string::npos);
}

TEST_CASE("a database that cannot be reached is named without the password", "[contract]") {
    SourceOptions options;
    options.name = "crm";
    options.url = "mysql://ro@127.0.0.1:1/crm";
    options.password = Secret("hunter2");
    const auto error = error_of<UnavailableError>(
        [&] { (void)mysql::open_session(options, kWhere)->run("SELECT 1"); });
    CHECK(error.find("the database crm cannot be reached as user ro:\n  127.0.0.1:1: ") !=
          std::string::npos);
    CHECK(error.find("hunter2") == std::string::npos);
}

TEST_CASE("a large answer is read row by row", "[contract]") {
    const MariadbSource source;
    auto result = source.open("SELECT seq AS appid, REPEAT('x', 100) AS name FROM seq_1_to_300000");
    QueryRows rows(std::move(result), kWhere);
    std::uint64_t count = 0;
    for (Row row; rows.next(row);)
        ++count;
    CHECK(count == 300'000);
}
