#include "store/sql/payload_row.h"

#include <algorithm>

#include "campaign/tombstone.h"
#include "store/store_error.h"

namespace dispatcher::sql {
namespace {

constexpr std::size_t kDigestBytes = sizeof(Sha256Digest);
/// Number of tombstones, two bytes, the greater first: a chunk holds at most 8,192 recipients.
constexpr std::size_t kCountBytes = 2;

void require(bool holds) {
    if (!holds)
        throw StoreError(StoreError::Kind::durability_lost,
                         "a chunk of a campaign's audience is damaged in the store");
}

Sha256Digest digest_of(std::string_view bytes) {
    require(bytes.size() == kDigestBytes);
    Sha256Digest digest;
    std::transform(bytes.begin(), bytes.end(), digest.begin(),
                   [](char byte) { return static_cast<std::uint8_t>(byte); });
    return digest;
}

std::string_view take(std::string_view& bytes, std::size_t size) {
    require(bytes.size() >= size);
    const auto taken = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return taken;
}

std::size_t take_count(std::string_view& bytes) {
    const auto both = take(bytes, kCountBytes);
    return static_cast<std::size_t>(static_cast<unsigned char>(both[0])) << 8U |
           static_cast<unsigned char>(both[1]);
}

}  // namespace

ChunkPayload payload_of(const Row& row) {
    const auto codec = row.integer(1);
    require(codec >= kCodecSealed && codec <= kCodecForgottenDropped);
    ChunkPayload payload;
    payload.sha256 = payload.sealed_sha256 = digest_of(row.bytes(0));
    auto keys = row.bytes(2);
    if (codec == kCodecForgotten || codec == kCodecForgottenDropped) {
        payload.sha256 = digest_of(take(keys, kDigestBytes));
        for (auto left = take_count(keys); left > 0; --left)
            payload.forgotten.push(take(keys, kTombstoneBytes));
    }
    payload.keys = std::string(keys);
    if (row.is_null(3)) return payload;
    if (has_data(static_cast<int>(codec)))
        payload.data = std::string(row.bytes(3));
    else
        payload.data_sha256 = digest_of(row.bytes(3));
    return payload;
}

std::string keys_with_tombstones(const Sha256Digest& sha256_now, const AppidList& tombstones,
                                 std::string_view keys) {
    std::string block(bytes_of(sha256_now));
    block.push_back(static_cast<char>(tombstones.size() >> 8U));
    block.push_back(static_cast<char>(tombstones.size() & 0xFFU));
    block.append(tombstones.bytes());
    return block.append(keys);
}

std::string_view bytes_of(const Sha256Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace dispatcher::sql
