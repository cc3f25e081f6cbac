// One contract over the databases that devices may be looked up in.

#include "source/refresh_query.h"

#include <filesystem>

#include "base/error.h"
#include "source/source_case.h"
#include "support/catch.h"

using namespace dispatcher;
using namespace dispatcher::test;

namespace {

constexpr auto kWhere = "c.yaml:8:12: audience.refresh, source crm";

using Appids = std::vector<std::string_view>;

/// appid=token of those that were found.
std::vector<std::string> found(const Addresses& addresses, const Appids& asked) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < asked.size(); ++i)
        if (addresses.has(i))
            all.push_back(std::string(asked[i]) + "=" + std::string(addresses.value(i, 0)));
    return all;
}

using Found = std::vector<std::string>;

template <class Source>
struct Registry {
    Registry() {
        source.exec("CREATE TABLE " + source.table("d") +
                    " (appid VARCHAR(64), token VARCHAR(80))" + Source::kCharacters);
    }
    void insert(const std::string& rows) {
        source.exec("INSERT INTO " + source.table("d") + " VALUES " + rows);
    }
    RefreshQuery query(const std::string& condition = "appid IN (:appids)") {
        return {[this] {
                    ++sessions;
                    return source.session();
                },
                "SELECT token, appid FROM " + source.table("d") + " WHERE " + condition, kWhere};
    }

    Source source;
    int sessions = 0;
};

}  // namespace

TEMPLATE_TEST_CASE("devices are found by their appids, byte for byte", "[contract]", MariadbSource,
                   SqliteSource) {
    Registry<TestType> registry;
    registry.insert("('a','t1'), ('B','t2'), ('it''s','t3'), ('ünï','t4'), ('other','t5')");
    auto query = registry.query();
    const Appids asked{"A", "B", "a", "b", "back\\slash", "it's", "ünï"};
    const auto addresses = query.look_up(asked);
    CHECK(addresses.columns == std::vector<std::string>{"token"});
    CHECK(found(addresses, asked) == Found{"B=t2", "a=t1", "it's=t3", "ünï=t4"});
}

TEMPLATE_TEST_CASE("each look-up sees what is there then, over one connection", "[contract]",
                   MariadbSource, SqliteSource) {
    Registry<TestType> registry;
    registry.insert("('a','t1')");
    auto query = registry.query();
    const Appids asked{"a", "b"};
    CHECK(found(query.look_up(asked), asked) == Found{"a=t1"});
    registry.source.exec("UPDATE " + registry.source.table("d") + " SET token='t9'");
    registry.insert("('b','t2')");
    CHECK(found(query.look_up(asked), asked) == Found{"a=t9", "b=t2"});
    CHECK(registry.sessions == 1);
}

TEMPLATE_TEST_CASE("the mark may stand twice, and in a text it is none", "[contract]",
                   MariadbSource, SqliteSource) {
    Registry<TestType> registry;
    registry.insert("('a','t1'), ('b',':appids')");
    auto query =
        registry.query("appid IN (:appids) AND token <> ':appids' OR '' IN (:appids) -- :appids");
    const Appids asked{"a", "b"};
    CHECK(found(query.look_up(asked), asked) == Found{"a=t1"});
}

TEMPLATE_TEST_CASE("of several rows of a device the first counts", "[contract]", MariadbSource,
                   SqliteSource) {
    Registry<TestType> registry;
    registry.insert("('a','t2'), ('a','t1')");
    auto query = registry.query("appid IN (:appids) ORDER BY token");
    const Appids asked{"a"};
    CHECK(found(query.look_up(asked), asked) == Found{"a=t1"});
}

TEMPLATE_TEST_CASE("a device whose values are no text is there without an address", "[contract]",
                   MariadbSource, SqliteSource) {
    Registry<TestType> registry;
    registry.insert("('a','t1'), ('b','t2')");
    auto query = RefreshQuery([&] { return registry.source.session(); },
                              "SELECT appid, X'FF' AS token FROM " + registry.source.table("d") +
                                  " WHERE appid IN (:appids)",
                              kWhere);
    const Appids asked{"a", "b"};
    const auto addresses = query.look_up(asked);
    CHECK(found(addresses, asked) == Found{"a=", "b="});
    CHECK(addresses.problem == "the value of column `token` is not valid UTF-8");
}

TEMPLATE_TEST_CASE("after an error the next look-up connects anew", "[contract]", MariadbSource,
                   SqliteSource) {
    Registry<TestType> registry;
    auto query = registry.query();
    const Appids asked{"a"};
    registry.source.exec("ALTER TABLE " + registry.source.table("d") + " RENAME TO " +
                         registry.source.table("away"));
    CHECK_THROWS_AS(query.look_up(asked), ConfigError);
    CHECK_THROWS_AS(query.look_up(asked), ConfigError);
    registry.source.exec("ALTER TABLE " + registry.source.table("away") + " RENAME TO " +
                         registry.source.table("d"));
    registry.insert("('a','t1')");
    CHECK(found(query.look_up(asked), asked) == Found{"a=t1"});
    CHECK(registry.sessions == 3);
}

TEST_CASE("a file that takes the place of another is read from then on", "[contract]") {
    Registry<SqliteSource> registry;
    registry.insert("('a','t1')");
    auto query = registry.query();
    const Appids asked{"a"};
    CHECK(found(query.look_up(asked), asked) == Found{"a=t1"});
    Registry<SqliteSource> other;
    other.insert("('a','t2')");
    std::filesystem::rename(other.source.options.url.substr(7),
                            registry.source.options.url.substr(7));
    CHECK(found(query.look_up(asked), asked) == Found{"a=t2"});
    std::filesystem::remove(registry.source.options.url.substr(7));
    CHECK_THROWS_AS(query.look_up(asked), ConfigError);
}

TEMPLATE_TEST_CASE("a thousand devices are looked up at once", "[contract]", MariadbSource,
                   SqliteSource) {
    Registry<TestType> registry;
    std::vector<std::string> names;
    std::string rows;
    for (int i = 1000; i < 2000; ++i) {
        names.push_back("device-" + std::to_string(i));
        rows += (rows.empty() ? "" : ",") + ("('" + names.back()) + "','t')";
    }
    registry.insert(rows);
    auto query = registry.query();
    const Appids asked(names.begin(), names.end());
    CHECK(found(query.look_up(asked), asked).size() == 1000);
}
