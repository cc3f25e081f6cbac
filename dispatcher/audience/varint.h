#pragma once

#include <cstddef>
#include <cstdint>

namespace dispatcher {

/// Lengths as LEB128: seven bits a byte, lowest first, the top bit says that more follow. At most
/// five bytes for 32 bits.
inline constexpr std::size_t kVarintBytesMax = 5;

constexpr std::size_t varint_size(std::uint32_t value) {
    std::size_t bytes = 1;
    for (; value >= 0x80; value >>= 7)
        ++bytes;
    return bytes;
}

/// Writes the varint at `out` and answers the place behind it.
inline char* put_varint(char* out, std::uint32_t value) {
    for (; value >= 0x80; value >>= 7)
        *out++ = static_cast<char>(value | 0x80);
    *out++ = static_cast<char>(value);
    return out;
}

/// Reads a varint that is known to be whole; answers the place behind it.
inline const char* take_varint(const char* in, std::uint32_t& value) {
    auto byte = static_cast<unsigned char>(*in++);
    value = byte;
    if (byte < 0x80) [[likely]]
        return in;
    value &= 0x7f;
    for (unsigned shift = 7; byte >= 0x80; shift += 7) {
        byte = static_cast<unsigned char>(*in++);
        value |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
    }
    return in;
}

/// Reads a varint from bytes that may be damaged; nullptr if it does not end before `end`, has more
/// than 32 bits or is longer than it need be (one value has one form, so hashes are stable).
inline const char* check_varint(const char* in, const char* end, std::uint32_t& value) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < kVarintBytesMax && in < end; ++i) {
        const auto byte = static_cast<unsigned char>(*in++);
        bits |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
        if (byte >= 0x80) continue;
        if (bits > 0xffff'ffff || (byte == 0 && i > 0)) return nullptr;
        value = static_cast<std::uint32_t>(bits);
        return in;
    }
    return nullptr;
}

}  // namespace dispatcher
