#include "campaign/tombstone.h"

#include <cstdint>
#include <span>

#include "base/encoding.h"
#include "base/hmac.h"
#include "base/invariant.h"

namespace dispatcher {

std::string tombstone_of(std::string_view key, ScopeId scope, std::string_view appid) {
    std::string message;
    for (unsigned shift = 32; shift > 0; shift -= 8)
        message.push_back(static_cast<char>(scope.value >> (shift - 8) & 0xFFU));
    message.append(appid);
    const auto hash = hmac_sha256(key, message);
    std::string tombstone(1, kTombstoneMark);
    tombstone.append(reinterpret_cast<const char*>(hash.data()), hash.size());
    invariant(tombstone.size() == kTombstoneBytes, "a tombstone is a mark and a hash");
    return tombstone;
}

bool is_tombstone(std::string_view appid) {
    return appid.size() == kTombstoneBytes && appid.front() == kTombstoneMark;
}

std::string tombstone_name(std::string_view tombstone) {
    const auto hash = tombstone.substr(1);
    return "forgotten:" +
           to_base64url(std::span(reinterpret_cast<const std::uint8_t*>(hash.data()), hash.size()));
}

}  // namespace dispatcher
