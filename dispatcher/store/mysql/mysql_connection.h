#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "mysql/mysql_url.h"
#include "store/sql/connection.h"

namespace dispatcher::mysql {

/// A connection over Connector/C++, set up for the flag protocol: READ COMMITTED, strict, UTC, and
/// never reconnecting by itself.
class MysqlConnection final : public sql::Connection {
  public:
    /// Connects to one host. Throws what the connector throws, and StoreError(unavailable) if TLS
    /// was asked for and is not there.
    MysqlConnection(const MysqlUrl& url, const MysqlUrl::Host& host, const Secret& password,
                    const std::string& tls_ca);
    ~MysqlConnection() override;

    [[nodiscard]] const sql::Dialect& dialect() const override;
    void begin() override;
    void commit() override;
    void rollback() noexcept override;
    void exec(std::string_view statement) override;
    void query(std::string_view statement, const sql::OnRow& on_row) override;
    void insert_keys(const sql::KeyInsert& insert, std::span<const std::string_view> keys) override;
    [[nodiscard]] bool is_broken() const noexcept override { return is_broken_; }
    bool has_table(std::string_view name) override;
    std::string server_uuid() override;
    sql::NamedValues server_settings() override;

  private:
    struct Connector;
    void set_up_session(bool wants_tls);
    void insert_as_text(const sql::KeyInsert& insert, std::span<const std::string_view> keys);
    void insert_prepared(const sql::KeyInsert& insert, std::span<const std::string_view> keys);
    void prepare_insert(const sql::KeyInsert& insert);

    std::unique_ptr<Connector> connector_;
    std::size_t statement_bytes_max_ = 0;
    bool is_broken_ = false;
    std::string insert_;  // reused from batch to batch
};

}  // namespace dispatcher::mysql
