#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "store/sql/connection.h"

namespace dispatcher::sql {

/// A connection that knows whether a transaction is open, and refuses to go on in one that has
/// failed: the database may have rolled it back, and the next statement would commit by itself.
/// One thread at a time.
class GuardedConnection {
  public:
    explicit GuardedConnection(std::unique_ptr<Connection> connection);
    ~GuardedConnection();
    GuardedConnection(const GuardedConnection&) = delete;
    GuardedConnection& operator=(const GuardedConnection&) = delete;

    void begin();
    void commit();
    void rollback() noexcept;
    void exec(const std::string& statement);
    void query(const std::string& statement, const OnRow& on_row);
    void insert_keys(const KeyInsert& insert, std::span<const std::string_view> keys);

    [[nodiscard]] bool in_transaction() const { return in_transaction_; }
    [[nodiscard]] bool is_broken() const noexcept { return connection_->is_broken(); }
    [[nodiscard]] const Dialect& dialect() const { return connection_->dialect(); }
    /// For what is asked outside of transactions (schema, settings).
    Connection& raw() { return *connection_; }

    /// The database's clock, of this transaction's latest read that told it, else asked now: a
    /// literal is cheaper than an expression in each of a thousand rows.
    std::int64_t now_ms();
    void note_now(std::int64_t ms) { now_ms_ = ms; }
    /// The same as text for a statement, without asking: that literal, or the expression.
    [[nodiscard]] std::string now_text() const;

  private:
    void require_sound() const;

    std::unique_ptr<Connection> connection_;
    bool in_transaction_ = false;
    bool has_failed_ = false;
    std::optional<std::int64_t> now_ms_;
};

/// A transaction that is rolled back unless it was committed.
class Transaction {
  public:
    explicit Transaction(GuardedConnection& connection) : connection_(connection) {
        connection_.begin();
    }
    ~Transaction() { connection_.rollback(); }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit() { connection_.commit(); }

  private:
    GuardedConnection& connection_;
};

}  // namespace dispatcher::sql
