#pragma once

#include <string_view>

namespace dispatcher {

/// Whether every byte is below 0x80. Eight bytes at a time.
bool is_ascii(std::string_view text);

/// Whether every byte is a printable ASCII character, 0x20 to 0x7e.
bool is_printable_ascii(std::string_view text);

/// is_utf8() with a short way for the plain ASCII that most rows are.
bool is_valid_text(std::string_view text);

}  // namespace dispatcher
