#pragma once

#include <memory>
#include <string>

#include <sqlite3.h>

#include "source/mysql/mysql_query.h"
#include "source/sqlite/sqlite_query.h"
#include "support/catch.h"
#include "support/mariadb_server.h"
#include "support/temporary_folder.h"

namespace dispatcher::test {

/// What opens the errors of the sources here.
inline constexpr auto kSourceWhere = "c.yaml:5:10: source crm";

class MariadbSource {
  public:
    MariadbSource() {
        auto& server = MariadbServer::shared();
        const auto database = server.make_database();
        const auto store = server.options(database);
        options.name = "crm";
        options.url = store.url;
        options.password = store.password;
        database_ = database;
    }
    void exec(const std::string& statement) {
        MariadbServer::shared().administer("USE " + database_);
        MariadbServer::shared().administer(statement);
    }
    [[nodiscard]] std::string table(const std::string& name) const {
        return database_ + "." + name;
    }
    [[nodiscard]] std::unique_ptr<QuerySession> session() const {
        return mysql::open_session(options, kSourceWhere);
    }
    [[nodiscard]] std::unique_ptr<QueryResult> open(const std::string& query) const {
        return session()->run(query);
    }
    /// A query that gives one row at once and the next one after a long time.
    [[nodiscard]] static std::string slow_query() {
        return "SELECT s.appid FROM (SELECT 'a' AS appid, 0 AS n UNION ALL SELECT 'b', 30) s"
               " WHERE SLEEP(s.n) = 0";
    }
    static constexpr auto kBytes = "VARBINARY(64)";
    static constexpr auto kCharacters = " CHARACTER SET utf8mb4";
    SourceOptions options;

  private:
    std::string database_;
};

class SqliteSource {
  public:
    SqliteSource() {
        options.name = "crm";
        options.url = "sqlite:" + folder_.path() + "/crm.db";
        exec("CREATE TABLE made (n INT)");
    }
    void exec(const std::string& statement) const {
        sqlite3* database = nullptr;
        REQUIRE(sqlite3_open(options.url.substr(7).c_str(), &database) == SQLITE_OK);
        CHECK(sqlite3_exec(database, statement.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
        sqlite3_close(database);
    }
    [[nodiscard]] static std::string table(const std::string& name) { return name; }
    [[nodiscard]] std::unique_ptr<QuerySession> session() const {
        return sqlite::open_session(options, kSourceWhere);
    }
    [[nodiscard]] std::unique_ptr<QueryResult> open(const std::string& query) const {
        return session()->run(query);
    }
    [[nodiscard]] static std::string slow_query() {
        return "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c)"
               " SELECT 'a' AS appid FROM c WHERE n=1 OR n=-1";
    }
    static constexpr auto kBytes = "BLOB";
    static constexpr auto kCharacters = "";
    SourceOptions options;

  private:
    TemporaryFolder folder_;
};

}  // namespace dispatcher::test
