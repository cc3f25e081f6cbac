#include "store/sql/sql_store.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "store/sql/schema.h"
#include "store/sql/sql_session.h"
#include "store/store_error.h"

namespace dispatcher::sql {

SqlStore::SqlStore(std::unique_ptr<ConnectionSource> source, std::chrono::milliseconds lease)
    : source_(std::move(source)), quarantine_(2 * lease) {}

std::unique_ptr<StoreSession> SqlStore::connect() {
    auto connection = source_->connect(/*create=*/false);
    require_schema(*connection);
    auto server = connection->server_uuid();
    check_identity(*connection, server);
    return std::make_unique<SqlSession>(std::move(connection), std::move(server));
}

std::string SqlStore::store_id() {
    {
        const std::lock_guard lock(mutex_);
        if (!store_id_.empty()) return store_id_;
    }
    connect();
    const std::lock_guard lock(mutex_);
    return store_id_;
}

// Behind one address another server may come to answer: a replica after a failover, another node.
// One that has our store's id holds our tables, perhaps without their newest commits; it is written
// down with the time from which leases may be taken on its word.
void SqlStore::check_identity(Connection& connection, const std::string& server) {
    const auto id = read_store_id(connection);
    const std::lock_guard lock(mutex_);
    if (store_id_.empty()) store_id_ = id;
    if (store_id_ != id) {
        throw StoreError(StoreError::Kind::durability_lost,
                         "another store answers at the configured address than before: nothing is "
                         "sent until this is cleared up");
    }
    if (server.empty() || std::ranges::count(known_servers_, server) != 0) return;
    if (note_server(connection, server, quarantine_))
        log(LogLevel::warn,
            "the store's server {} is new here: chunks are leased on it in {} s, after those who "
            "hold claims have compared them",
            server, std::chrono::ceil<std::chrono::seconds>(quarantine_).count());
    known_servers_.push_back(server);
}

}  // namespace dispatcher::sql
