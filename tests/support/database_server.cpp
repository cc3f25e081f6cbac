#include "support/database_server.h"

#include <vector>

#include <fmt/format.h>

#include "store/mysql/mysql_source.h"

namespace dispatcher::test {
namespace {

constexpr auto kPassword = "a b'c";

std::unique_ptr<sql::Connection> administrator(const std::string& socket) {
    StoreOptions options;
    options.url = "mysql://root@localhost/mysql?socket=" + socket;
    return mysql::MysqlSource(options).connect(false);
}

}  // namespace

void DatabaseServer::make_user() {
    administer(fmt::format("CREATE USER 'app'@'127.0.0.1' IDENTIFIED BY '{}'", "a b''c"));
    administer("GRANT ALL ON *.* TO 'app'@'127.0.0.1'");
}

std::string DatabaseServer::make_database() {
    const auto name = fmt::format("pushonce_{}", ++databases_);
    administer("CREATE DATABASE " + name);
    return name;
}

StoreOptions DatabaseServer::options(const std::string& database) const {
    StoreOptions options;
    options.url = fmt::format("mysql://app@127.0.0.1:{}/{}", port_, database);
    options.password = Secret(kPassword);
    return options;
}

void DatabaseServer::administer(const std::string& statement) {
    administrator(socket_)->exec(statement);
}

void DatabaseServer::kill_connections(const std::string& database) {
    const auto connection = administrator(socket_);
    std::vector<std::string> kills;
    connection->query(
        fmt::format("SELECT id FROM information_schema.processlist WHERE db='{}'", database),
        [&](const sql::Row& row) { kills.push_back(fmt::format("KILL {}", row.integer(0))); });
    for (const auto& kill : kills)
        connection->exec(kill);
}

}  // namespace dispatcher::test
