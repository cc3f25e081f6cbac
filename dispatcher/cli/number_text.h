#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace dispatcher::cli {

/// 1204331 → "1,204,331".
std::string with_separators(std::uint64_t number);

/// "1,204,331 devices", "1 device": `noun` in the singular, with a plain s behind it for many.
std::string count_of(std::uint64_t number, const char* noun);

/// "512 B", "1.4 KB", "12.3 MB", …: powers of 1,000.
std::string size_text(std::uint64_t bytes);

/// "0.4 s", "12 s", "3 min 20 s", "2 h 05 min".
std::string duration_text(std::chrono::milliseconds duration);

}  // namespace dispatcher::cli
