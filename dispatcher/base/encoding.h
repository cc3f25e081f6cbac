#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dispatcher {

/// Bytes as lower-case hexadecimal.
std::string to_hex(std::span<const std::uint8_t> bytes);

/// Bytes as base64url without padding (RFC 4648 §5).
std::string to_base64url(std::span<const std::uint8_t> bytes);

/// The bytes of an unpadded base64url text, or nothing if it has another character or length.
std::optional<std::string> from_base64url(std::string_view text);

/// Whether the bytes are valid UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool is_utf8(std::string_view bytes);

/// The text as it stands inside a JSON string (RFC 8259 §7), appended to `out`, without quotes.
/// `text` is valid UTF-8; NUL and the other control characters are escaped.
void append_json_escaped(std::string& out, std::string_view text);

}  // namespace dispatcher
