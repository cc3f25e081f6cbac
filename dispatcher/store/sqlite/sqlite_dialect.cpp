#include "store/sqlite/sqlite_dialect.h"

#include <fmt/format.h>

namespace dispatcher::sqlite {
namespace {

class SqliteDialect final : public sql::Dialect {
  public:
    SqliteDialect() {
        // A writing transaction has the whole file: there are no locks to ask for.
        for_update = for_share = "";
        // The host's wall clock; the same moment for all of one statement.
        now_ms = now_after_lock_ms = "CAST((julianday('now')-2440587.5)*86400000 AS INTEGER)";
        u8 = u16 = u32 = u64 = i64 = "INTEGER";
        bytes = blob = "BLOB";
        appid_check = " CHECK (length(appid) BETWEEN 1 AND 64)";
        table = "";
        keyed_table = " WITHOUT ROWID";
    }

    [[nodiscard]] std::string keep_existing(std::string_view /*table_name*/,
                                            std::string_view /*column*/) const override {
        return " ON CONFLICT DO NOTHING";
    }

    // Text and blob never compare equal here, so bytes are a blob always.
    void append_key(std::string& out, std::string_view value) const override {
        sql::append_hex_literal(out, value);
    }

    void append_blob(std::string& out, std::string_view value) const override {
        sql::append_hex_literal(out, value);
    }

    // Integers are signed; the same 64 bits, and intervals of claim ids stay intervals.
    [[nodiscard]] std::string natural(std::uint64_t value) const override {
        return fmt::to_string(static_cast<std::int64_t>(value));
    }
};

}  // namespace

const sql::Dialect& sqlite_dialect() {
    static const SqliteDialect dialect;
    return dialect;
}

}  // namespace dispatcher::sqlite
