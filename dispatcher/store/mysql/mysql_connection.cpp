#include "store/mysql/mysql_connection.h"

#include <algorithm>
#include <array>

#include <cppconn/connection.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/resultset.h>
#include <cppconn/statement.h>
#include <fmt/format.h>

#include "mysql/mysql_client.h"
#include "store/mysql/connection_guard.h"
#include "store/mysql/mysql_dialect.h"

namespace dispatcher::mysql {
namespace {

constexpr int kConnectTimeoutSeconds = 3;
// Longer than a cluster's stall when it drops a member (6 s), and than the lock wait.
constexpr int kReadTimeoutSeconds = 20;
constexpr int kLockWaitSeconds = 5;
// Room for the packet's head.
constexpr std::size_t kPacketReserve = 1024;
/// The number of keys for which an INSERT is prepared: that of a full claim.
constexpr std::size_t kKeysPrepared = 1000;

constexpr auto kIsolation = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
constexpr auto kSessionMode =
    "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone='+00:00',"
    " innodb_lock_wait_timeout={}";
constexpr auto kClusterState = "SHOW VARIABLES LIKE 'wsrep_on'";
// Reads wait until what the cluster has committed is applied here.
constexpr auto kClusterReads = "SET SESSION wsrep_sync_wait=7";
// A process that is stopped, or cut off, inside a transaction would hold its locks for hours: a
// pause and the takeover of its chunk would wait for them. MySQL knows no such variable.
constexpr auto kIdleTransaction = "SHOW VARIABLES LIKE 'idle_transaction_timeout'";
constexpr auto kEndIdleTransactions = "SET SESSION idle_transaction_timeout=20";
constexpr auto kHasTable =
    "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema=DATABASE()"
    " AND table_name={}";
constexpr auto kServerUuid =
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uuid','server_uid')";
constexpr auto kServerSettings =
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version','version_comment',"
    "'innodb_flush_log_at_trx_commit','sync_binlog','log_bin','innodb_doublewrite',"
    "'max_allowed_packet','read_only','wsrep_on','wsrep_sync_wait','wsrep_cluster_size',"
    "'rpl_semi_sync_master_enabled','rpl_semi_sync_master_wait_point',"
    "'rpl_semi_sync_master_timeout','rpl_semi_sync_source_enabled',"
    "'rpl_semi_sync_source_wait_point','rpl_semi_sync_source_timeout',"
    "'group_replication_consistency','datadir')";
constexpr auto kSessionSettings =
    "SHOW SESSION VARIABLES WHERE Variable_name IN ('sql_mode','tx_isolation',"
    "'transaction_isolation','time_zone','wsrep_sync_wait','idle_transaction_timeout')";

class MysqlRow final : public sql::Row {
  public:
    explicit MysqlRow(::sql::ResultSet& result) : result_(result) {}

    [[nodiscard]] bool is_null(unsigned column) const override {
        return result_.isNull(column + 1);
    }
    [[nodiscard]] std::int64_t integer(unsigned column) const override {
        return result_.getInt64(column + 1);
    }
    [[nodiscard]] std::uint64_t natural(unsigned column) const override {
        return result_.getUInt64(column + 1);
    }
    [[nodiscard]] std::string_view bytes(unsigned column) const override {
        auto& text = texts_.at(column);
        text = result_.getString(column + 1);
        return {text.c_str(), text.length()};
    }

  private:
    ::sql::ResultSet& result_;
    mutable std::array<::sql::SQLString, 16> texts_;
};

}  // namespace

struct MysqlConnection::Connector {
    std::unique_ptr<::sql::Connection> connection;
    std::unique_ptr<::sql::Statement> statement;
    std::unique_ptr<::sql::PreparedStatement> insert;  ///< of kKeysPrepared keys
    std::string insert_shape;                          ///< head and tail that it was prepared for
};

MysqlConnection::MysqlConnection(const MysqlUrl& url, const MysqlUrl::Host& host,
                                 const Secret& password, const std::string& tls_ca)
    : connector_(std::make_unique<Connector>()) {
    connector_->connection =
        connect(url, host, {password, tls_ca, kConnectTimeoutSeconds, kReadTimeoutSeconds});
    connector_->statement.reset(connector_->connection->createStatement());
    set_up_session(!tls_ca.empty());
}

MysqlConnection::~MysqlConnection() = default;

void MysqlConnection::set_up_session(bool wants_tls) {
    const auto value_of = [this](std::string_view statement) {
        std::string value;
        query(statement, [&](const sql::Row& row) { value = std::string(row.bytes(1)); });
        return value;
    };
    // The connector falls back to plain text on a server without TLS, and says nothing.
    if (wants_tls && value_of("SHOW STATUS LIKE 'Ssl_cipher'").empty()) {
        throw StoreError(StoreError::Kind::unavailable, "the connection is not encrypted");
    }
    exec(kIsolation);
    exec(fmt::format(kSessionMode, kLockWaitSeconds));
    if (value_of(kClusterState) == "ON") exec(kClusterReads);
    if (!value_of(kIdleTransaction).empty()) exec(kEndIdleTransactions);
    query("SELECT @@max_allowed_packet", [this](const sql::Row& row) {
        statement_bytes_max_ = static_cast<std::size_t>(row.natural(0)) - kPacketReserve;
    });
}

const sql::Dialect& MysqlConnection::dialect() const {
    return mysql_dialect();
}

// As statements: the connector's own calls for these swallow errors.
void MysqlConnection::begin() {
    exec("START TRANSACTION");
}
void MysqlConnection::commit() {
    exec("COMMIT");
}

void MysqlConnection::rollback() noexcept {
    // A connection that cannot is closed later, and then the server rolls back.
    if (!is_broken_) is_broken_ = !succeeds([this] { exec("ROLLBACK"); });
}

void MysqlConnection::exec(std::string_view statement) {
    // A larger one would cost the connection, and leave its fate unknown.
    if (statement_bytes_max_ != 0 && statement.size() > statement_bytes_max_) {
        throw StoreError(StoreError::Kind::schema,
                         fmt::format("a statement of {} bytes exceeds the server's "
                                     "max_allowed_packet: raise it",
                                     statement.size()));
    }
    guarded(is_broken_, [&] {
        enter_driver();
        connector_->statement->execute(::sql::SQLString(statement.data(), statement.size()));
    });
}

void MysqlConnection::query(std::string_view statement, const sql::OnRow& on_row) {
    guarded(is_broken_, [&] {
        enter_driver();
        const std::unique_ptr<::sql::ResultSet> result(connector_->statement->executeQuery(
            ::sql::SQLString(statement.data(), statement.size())));
        const MysqlRow row(*result);
        while (result->next())
            on_row(row);
    });
}

void MysqlConnection::insert_keys(const sql::KeyInsert& insert,
                                  std::span<const std::string_view> keys) {
    if (keys.empty()) return;
    if (!insert.values.empty() && keys.size() == kKeysPrepared &&
        std::ranges::all_of(keys, is_plain))
        insert_prepared(insert, keys);
    else
        insert_as_text(insert, keys);
}

// Half of what a text INSERT costs the server is reading it. The values that all rows share are
// variables of the session, so that a thousand keys are a thousand parameters.
void MysqlConnection::insert_prepared(const sql::KeyInsert& insert,
                                      std::span<const std::string_view> keys) {
    // Of one type ever after: a server may fix that of the columns when it prepares.
    std::string set;
    for (std::size_t i = 0; i < insert.values.size(); ++i)
        set += fmt::format("{}@pushonce_{}=CAST({} AS UNSIGNED)", i == 0 ? "SET " : ",", i,
                           insert.values[i]);
    exec(set);
    prepare_insert(insert);
    if (!connector_->insert) return insert_as_text(insert, keys);
    guarded(is_broken_, [&] {
        unsigned parameter = 0;
        for (const auto key : keys)
            connector_->insert->setString(++parameter, ::sql::SQLString(key.data(), key.size()));
        connector_->insert->executeUpdate();
    });
}

/// Leaves no statement where the server, or a proxy before it, prepares none: then text will do.
void MysqlConnection::prepare_insert(const sql::KeyInsert& insert) {
    const auto shape = fmt::format("{}\n{}", insert.head, insert.tail);
    if (connector_->insert_shape == shape) return;
    std::string row = fmt::format("{}?", insert.before);
    for (std::size_t i = 0; i < insert.values.size(); ++i)
        row += fmt::format(",@pushonce_{}", i);
    row += "),";
    insert_.assign(insert.head);
    for (std::size_t i = 0; i < kKeysPrepared; ++i)
        insert_ += row;
    insert_.back() = ' ';
    insert_.append(insert.tail);
    connector_->insert_shape = shape;
    connector_->insert.reset();
    (void)succeeds([&] {
        connector_->insert.reset(connector_->connection->prepareStatement(
            ::sql::SQLString(insert_.data(), insert_.size())));
    });
}

void MysqlConnection::insert_as_text(const sql::KeyInsert& insert,
                                     std::span<const std::string_view> keys) {
    insert_.assign(insert.head);
    for (const auto key : keys) {
        insert_.append(insert.before);
        dialect().append_key(insert_, key);
        insert_.append(insert.after).push_back(',');
    }
    insert_.back() = ' ';
    insert_.append(insert.tail);
    exec(insert_);
}

bool MysqlConnection::has_table(std::string_view name) {
    bool has = false;
    query(fmt::format(kHasTable, dialect().key(name)),
          [&](const sql::Row& row) { has = row.integer(0) != 0; });
    return has;
}

std::string MysqlConnection::server_uuid() {
    std::string uuid;
    query(kServerUuid, [&](const sql::Row& row) { uuid = std::string(row.bytes(1)); });
    return uuid;
}

sql::NamedValues MysqlConnection::server_settings() {
    sql::NamedValues values;
    const auto take = [&](const sql::Row& row) {
        values.emplace_back(std::string(row.bytes(0)), std::string(row.bytes(1)));
    };
    query(kServerSettings, take);
    query(kSessionSettings, take);
    return values;
}

}  // namespace dispatcher::mysql
