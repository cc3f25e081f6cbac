#include "store/mysql/mysql_source.h"

#include <fmt/format.h>

#include "store/mysql/connection_guard.h"
#include "store/mysql/mysql_connection.h"

namespace dispatcher::mysql {

MysqlSource::MysqlSource(const StoreOptions& options)
    : url_(MysqlUrl::parse(options.url)), password_(options.password), tls_ca_(options.tls_ca) {}

// A server's database is made by its administrator; only tables are ours to make.
std::unique_ptr<sql::Connection> MysqlSource::connect([[maybe_unused]] bool create) {
    std::unique_ptr<sql::Connection> connection;
    std::string problems;
    for (const auto& host : url_.hosts) {
        const auto place =
            url_.socket.empty() ? fmt::format("{}:{}", host.name, host.port) : url_.socket;
        const auto problem = connect_problem(place, [&] {
            connection = std::make_unique<MysqlConnection>(url_, host, password_, tls_ca_);
        });
        if (problem.empty()) return connection;
        problems += "\n  " + problem;
    }
    throw StoreError(StoreError::Kind::unavailable,
                     fmt::format("database {} cannot be reached as user {}:{}", url_.database,
                                 url_.user, problems));
}

}  // namespace dispatcher::mysql
