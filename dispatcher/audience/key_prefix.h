#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace dispatcher {

/// Eight bytes of a key from `skip` on, as a number that orders as the bytes do; zeros behind a
/// shorter key. Equal prefixes need a look at the whole keys.
inline std::uint64_t key_prefix(std::string_view key, std::size_t skip) {
    std::uint64_t bytes = 0;
    if (key.size() >= skip + sizeof bytes)
        std::memcpy(&bytes, key.data() + skip, sizeof bytes);
    else if (key.size() > skip)
        std::memcpy(&bytes, key.data() + skip, key.size() - skip);
    return __builtin_bswap64(bytes);
}

/// How many bytes two keys share at their beginning, at most `limit`.
inline std::size_t shared_prefix(std::string_view a, std::string_view b, std::size_t limit) {
    limit = std::min({limit, a.size(), b.size()});
    if (std::memcmp(a.data(), b.data(), limit) == 0) return limit;
    std::size_t shared = 0;
    while (a[shared] == b[shared])
        ++shared;
    return shared;
}

}  // namespace dispatcher
