#include "store/sql/sql_store.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "store/sql/schema.h"
#include "store/sql/sql_session.h"
#include "store/store_error.h"

namespace dispatcher::sql {

SqlStore::SqlStore(std::unique_ptr<ConnectionSource> source) : source_(std::move(source)) {}

std::unique_ptr<StoreSession> SqlStore::connect() {
    auto connection = source_->connect(/*create=*/false);
    require_schema(*connection);
    check_identity(*connection);
    return std::make_unique<SqlSession>(std::move(connection));
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

// Behind one address another server may come to answer. One that has our store's id holds our
// tables; it is written down, so that an operator can see when it came in.
void SqlStore::check_identity(Connection& connection) {
    const auto id = read_store_id(connection);
    const auto server = connection.server_uuid();
    const std::lock_guard lock(mutex_);
    if (store_id_.empty()) store_id_ = id;
    if (store_id_ != id) {
        throw StoreError(StoreError::Kind::durability_lost,
                         "another store answers at the configured address than before: nothing is "
                         "sent until this is cleared up");
    }
    if (server.empty() || std::ranges::count(known_servers_, server) != 0) return;
    const auto& dialect = connection.dialect();
    connection.exec(fmt::format("INSERT INTO store_server (uuid, admitted_at) VALUES ({},{}){}",
                                dialect.key(server), dialect.now_ms,
                                dialect.keep_existing("store_server", "uuid")));
    if (!known_servers_.empty()) log(LogLevel::warn, "another server of the store answers now");
    known_servers_.push_back(server);
}

}  // namespace dispatcher::sql
