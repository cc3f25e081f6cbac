#include "base/hmac.h"

#include <string>

namespace dispatcher {
namespace {

constexpr std::size_t kBlockBytes = 64;

std::string padded(std::string_view key, unsigned char pad) {
    std::string block(kBlockBytes, static_cast<char>(pad));
    for (std::size_t i = 0; i < key.size(); ++i)
        block[i] = static_cast<char>(static_cast<unsigned char>(key[i]) ^ pad);
    return block;
}

std::string_view bytes_of(const Sha256Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

Sha256Digest hmac_sha256(std::string_view key, std::string_view message) {
    if (key.size() > kBlockBytes) {
        const auto shorter = Sha256::of(key);
        return hmac_sha256(bytes_of(shorter), message);
    }
    Sha256 hasher;
    const auto inner = hasher.update(padded(key, 0x36)).update(message).finish();
    return hasher.update(padded(key, 0x5c)).update(bytes_of(inner)).finish();
}

}  // namespace dispatcher
