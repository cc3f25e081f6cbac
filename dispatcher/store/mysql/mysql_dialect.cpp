#include "store/mysql/mysql_dialect.h"

#include <algorithm>

#include <fmt/format.h>

namespace dispatcher::mysql {
namespace {

bool is_plain_byte(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == ':' || byte == '-';
}

class MysqlDialect final : public sql::Dialect {
  public:
    MysqlDialect() {
        for_update = " FOR UPDATE";
        for_share = " LOCK IN SHARE MODE";
        now_ms = "CAST(UNIX_TIMESTAMP(NOW(3))*1000 AS SIGNED)";
        // NOW is when the statement came in, SYSDATE when this is evaluated.
        now_after_lock_ms = "CAST(UNIX_TIMESTAMP(SYSDATE(3))*1000 AS SIGNED)";
        u8 = "TINYINT UNSIGNED";
        u16 = "SMALLINT UNSIGNED";
        u32 = "INT UNSIGNED";
        u64 = "BIGINT UNSIGNED";
        i64 = "BIGINT";
        bytes = "VARBINARY";
        blob = "LONGBLOB";
        table = keyed_table = " ENGINE=InnoDB";
    }

    // A no-op update keeps the row. INSERT IGNORE would also cut off a key that is too long.
    [[nodiscard]] std::string keep_existing(std::string_view table_name,
                                            std::string_view column) const override {
        return fmt::format(" ON DUPLICATE KEY UPDATE {1}={0}.{1}", table_name, column);
    }

    void append_key(std::string& out, std::string_view value) const override {
        if (!is_plain(value)) return sql::append_hex_literal(out, value);
        out.push_back('\'');
        out.append(value).push_back('\'');
    }

    // Compressed blocks: escaped they grow by 3 %, in hexadecimal by 100 %.
    void append_blob(std::string& out, std::string_view value) const override {
        out.reserve(out.size() + value.size() + value.size() / 8 + 16);
        out.append("_binary'");
        for (const char byte : value) {
            switch (byte) {
                case '\0':
                    out.append("\\0");
                    break;
                case '\n':
                    out.append("\\n");
                    break;
                case '\r':
                    out.append("\\r");
                    break;
                case '\x1a':
                    out.append("\\Z");
                    break;
                case '\\':
                    out.append("\\\\");
                    break;
                case '\'':
                    out.append("\\'");
                    break;
                default:
                    out.push_back(byte);
            }
        }
        out.push_back('\'');
    }

    [[nodiscard]] std::string natural(std::uint64_t value) const override {
        return fmt::to_string(value);
    }
};

}  // namespace

bool is_plain(std::string_view bytes) {
    return std::ranges::all_of(bytes, is_plain_byte);
}

const sql::Dialect& mysql_dialect() {
    static const MysqlDialect dialect;
    return dialect;
}

}  // namespace dispatcher::mysql
