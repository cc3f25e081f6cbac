#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "campaign/ids.h"

namespace dispatcher {

// What stands in an appid's place once the device was forgotten: a byte that no appid can begin
// with, and HMAC-SHA256(key of the store, scope and appid). Who has the key can ask whether a flag
// is a given appid's, and so the flag still holds; nobody can read the appid out of it.

inline constexpr std::size_t kTombstoneBytes = 33;
/// Opens every tombstone; sorts behind every appid, for it is never a byte of UTF-8.
inline constexpr char kTombstoneMark = '\xFF';

/// `key` is the store's, 32 random bytes. Tombstones of one appid in two scopes differ.
std::string tombstone_of(std::string_view key, ScopeId scope, std::string_view appid);
[[nodiscard]] bool is_tombstone(std::string_view appid);
/// How reports name it: "forgotten:" and 43 characters.
std::string tombstone_name(std::string_view tombstone);

}  // namespace dispatcher
