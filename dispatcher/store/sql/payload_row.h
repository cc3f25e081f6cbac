#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/sha256.h"
#include "campaign/appid_list.h"
#include "store/sql/connection.h"
#include "store/store_session.h"

namespace dispatcher::sql {

// How a row of chunk_payload is to be read, by its codec. What retention drops and what is
// forgotten changes the codec, so that the hash of what is left can still be checked.

inline constexpr int kCodecSealed = 1;   ///< both blocks as they were sealed
inline constexpr int kCodecDropped = 2;  ///< data_block is the SHA-256 of the data that was there
/// keys_block opens with the hash of the chunk as it is now and its tombstones.
inline constexpr int kCodecForgotten = 3;
inline constexpr int kCodecForgottenDropped = 4;  ///< both

[[nodiscard]] constexpr bool has_data(int codec) {
    return codec == kCodecSealed || codec == kCodecForgotten;
}

/// The payload in a row of (chunk.sha256, codec, keys_block, data_block or NULL). Throws
/// StoreError(durability_lost) if it is none of ours.
ChunkPayload payload_of(const Row& row);

/// A keys_block of kCodecForgotten.
std::string keys_with_tombstones(const Sha256Digest& sha256_now, const AppidList& tombstones,
                                 std::string_view keys);

std::string_view bytes_of(const Sha256Digest& digest);

}  // namespace dispatcher::sql
