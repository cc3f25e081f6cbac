#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/sql/dialect.h"

namespace dispatcher::sql {

/// One row of a result; columns count from 0. Views are valid until the next row.
class Row {
  public:
    virtual ~Row() = default;
    [[nodiscard]] virtual bool is_null(unsigned column) const = 0;
    /// NULL reads as 0, or as no bytes.
    [[nodiscard]] virtual std::int64_t integer(unsigned column) const = 0;
    /// A column that uses all 64 bits (claim ids).
    [[nodiscard]] virtual std::uint64_t natural(unsigned column) const = 0;
    [[nodiscard]] virtual std::string_view bytes(unsigned column) const = 0;
};

using OnRow = std::function<void(const Row&)>;
using NamedValues = std::vector<std::pair<std::string, std::string>>;

/// An INSERT of many rows that differ in one key: head, then `before` key `after` for every row,
/// then tail.
struct KeyInsert {
    std::string_view head;  ///< "INSERT INTO t (…) VALUES "
    std::string_view before;
    std::string_view after;
    std::string_view tail;
    /// What `after` says, literal by literal, if statements with the same head and tail follow each
    /// other by the thousand: then it pays to prepare one.
    std::span<const std::string> values = {};
};

/// Port: one connection to a database. Every call is one round trip and throws StoreError with the
/// kind that the flag protocol's lists give to the failure. One thread at a time.
class Connection {
  public:
    virtual ~Connection() = default;
    [[nodiscard]] virtual const Dialect& dialect() const = 0;

    /// Opens a transaction that may write.
    virtual void begin() = 0;
    virtual void commit() = 0;
    /// Ends the open transaction, if any; a connection that cannot is broken afterwards.
    virtual void rollback() noexcept = 0;

    virtual void exec(std::string_view statement) = 0;
    virtual void query(std::string_view statement, const OnRow& on_row) = 0;
    virtual void insert_keys(const KeyInsert& insert, std::span<const std::string_view> keys) = 0;

    /// Nothing more can be done with it: destroy it and connect anew.
    [[nodiscard]] virtual bool is_broken() const noexcept = 0;
    /// Whether a table of this name exists.
    virtual bool has_table(std::string_view name) = 0;
    /// What names the server that answers; "" where there is no such thing.
    virtual std::string server_uuid() = 0;
    /// What durability hangs on, for `doctor`.
    virtual NamedValues server_settings() = 0;
};

/// Port: where connections come from. Thread-safe.
class ConnectionSource {
  public:
    virtual ~ConnectionSource() = default;
    /// Throws StoreError: unavailable, or schema if the database does not exist (only `create`
    /// makes an embedded one).
    virtual std::unique_ptr<Connection> connect(bool create) = 0;
    /// Whether there is a database to connect to, as far as that is known without asking a server.
    virtual bool exists() = 0;
};

}  // namespace dispatcher::sql
