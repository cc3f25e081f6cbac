#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "campaign/ids.h"

namespace dispatcher::sql {

/// Where the SQL families differ; everything else is written once in this room. Immutable.
class Dialect {
  public:
    virtual ~Dialect() = default;

    /// Ends a SELECT inside a transaction: nobody else may change the rows, or read them so.
    std::string_view for_update;
    /// Ends a SELECT inside a transaction: nobody may change the rows, others may read them so.
    std::string_view for_share;
    /// The database's clock, in milliseconds since 1970, as an expression.
    std::string_view now_ms;
    /// The same, told when a row comes out of a locking read: after it waited for the lock.
    std::string_view now_after_lock_ms;
    /// Column types and what ends a CREATE TABLE; see schema.cpp.
    std::string_view u8, u16, u32, u64, i64, bytes, blob, table, keyed_table;
    /// Holds an appid to its length where the column's type does not.
    std::string_view appid_check;

    /// Ends an INSERT whose rows may exist already: those stay as they are, every other failure
    /// stays a failure. `column` is any column of `table`.
    [[nodiscard]] virtual std::string keep_existing(std::string_view table_name,
                                                    std::string_view column) const = 0;
    /// Bytes of at most a few hundred as a literal that compares bytewise with a bytes column.
    virtual void append_key(std::string& out, std::string_view bytes_value) const = 0;
    /// Bytes of any length as a literal.
    virtual void append_blob(std::string& out, std::string_view bytes_value) const = 0;
    /// All 64 bits as an integer literal.
    [[nodiscard]] virtual std::string natural(std::uint64_t value) const = 0;

    [[nodiscard]] std::string key(std::string_view bytes_value) const;
    [[nodiscard]] std::string blob_literal(std::string_view bytes_value) const;
    /// When something is due in so many milliseconds; without delay a time long past, which stays
    /// so when the database's clock is set back.
    [[nodiscard]] std::string due_in(std::int64_t ms) const;
    /// "now + so many milliseconds".
    [[nodiscard]] std::string now_plus(std::int64_t ms) const;

  protected:
    Dialect() = default;
};

/// Bytes as X'…', which both families read as binary.
void append_hex_literal(std::string& out, std::string_view bytes);

}  // namespace dispatcher::sql
