#include "store/sql/dialect.h"

#include <fmt/format.h>

namespace dispatcher::sql {

std::string Dialect::key(std::string_view bytes_value) const {
    std::string out;
    append_key(out, bytes_value);
    return out;
}

std::string Dialect::blob_literal(std::string_view bytes_value) const {
    std::string out;
    append_blob(out, bytes_value);
    return out;
}

std::string Dialect::due_in(std::int64_t ms) const {
    return ms <= 0 ? "0" : now_plus(ms);
}

std::string Dialect::now_plus(std::int64_t ms) const {
    return fmt::format("{}+({})", now_ms, ms);
}

void append_hex_literal(std::string& out, std::string_view bytes) {
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    const auto start = out.size() + 2;
    out.append("X'").append(bytes.size() * 2, '0').push_back('\'');
    auto* digit = out.data() + start;
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        *digit++ = kDigits[value >> 4U];
        *digit++ = kDigits[value & 15U];
    }
}

}  // namespace dispatcher::sql
