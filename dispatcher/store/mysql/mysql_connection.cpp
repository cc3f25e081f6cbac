#include "store/mysql/mysql_connection.h"

#include <array>

#include <cppconn/connection.h>
#include <cppconn/resultset.h>
#include <cppconn/statement.h>
#include <fmt/format.h>
#include <mysql_driver.h>

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

constexpr auto kIsolation = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
constexpr auto kSessionMode =
    "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone='+00:00',"
    " innodb_lock_wait_timeout={}";
constexpr auto kClusterState = "SHOW VARIABLES LIKE 'wsrep_on'";
// Reads wait until what the cluster has committed is applied here.
constexpr auto kClusterReads = "SET SESSION wsrep_sync_wait=7";
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
    "'transaction_isolation','time_zone','wsrep_sync_wait')";

::sql::mysql::MySQL_Driver& driver_instance() {
    // The first call fills a map of the library without a lock; C++ makes statics one by one.
    static auto* const instance = ::sql::mysql::get_mysql_driver_instance();
    return *instance;
}

/// The library keeps memory per thread, which the thread gives back at its end.
struct DriverThread {
    DriverThread() { driver_instance().threadInit(); }
    ~DriverThread() { driver_instance().threadEnd(); }
    DriverThread(const DriverThread&) = delete;
    DriverThread& operator=(const DriverThread&) = delete;
};

::sql::mysql::MySQL_Driver& driver() {
    thread_local const DriverThread thread;
    return driver_instance();
}

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
};

MysqlConnection::MysqlConnection(const MysqlUrl& url, const MysqlUrl::Host& host,
                                 const Secret& password, const std::string& tls_ca)
    : connector_(std::make_unique<Connector>()) {
    // Values have exactly the types that the connector expects; it ignores other names silently.
    ::sql::ConnectOptionsMap options;
    options["userName"] = ::sql::SQLString(url.user);
    options["password"] = ::sql::SQLString(password.reveal());
    options["schema"] = ::sql::SQLString(url.database);
    if (url.socket.empty()) {
        options["hostName"] = ::sql::SQLString("tcp://" + host.name);
        options["port"] = static_cast<int>(host.port);
    } else {
        options["hostName"] = ::sql::SQLString("unix://" + url.socket);
    }
    options["OPT_CONNECT_TIMEOUT"] = kConnectTimeoutSeconds;
    options["OPT_READ_TIMEOUT"] = kReadTimeoutSeconds;
    options["OPT_WRITE_TIMEOUT"] = kReadTimeoutSeconds;
    options["OPT_LOCAL_INFILE"] = 0;
    if (!tls_ca.empty()) {
        options["sslCA"] = ::sql::SQLString(tls_ca);
        options["sslVerify"] = true;  // without it the name in the certificate is not looked at
    }
    connector_->connection.reset(driver().connect(options));
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
        driver();
        connector_->statement->execute(::sql::SQLString(statement.data(), statement.size()));
    });
}

void MysqlConnection::query(std::string_view statement, const sql::OnRow& on_row) {
    guarded(is_broken_, [&] {
        driver();
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
