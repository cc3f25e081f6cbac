#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "campaign/appid_list.h"

namespace dispatcher {

/// Recipients a chunk holds at most. Part of the format: chunk hashes depend on where chunks are
/// cut.
inline constexpr std::size_t kChunkRows = 8192;
/// Unpacked data at which a chunk counts as full although it has fewer rows, so that neither memory
/// nor a statement of the store grows with the width of the rows. Part of the format, too.
inline constexpr std::size_t kChunkDataBytes = std::size_t{1} << 20;

/// Builds the two blocks of a chunk: keys (appids) and data (column values), compressed apart, so
/// that a restart reads keys only and personal data can be dropped without breaking the seal.
class ChunkWriter {
  public:
    void add(std::string_view appid, const std::vector<std::string_view>& values);
    /// The same with values that are encoded already (row_values.h).
    void add_encoded(std::string_view appid, std::string_view values);
    /// Whether the chunk must be finished before the next row.
    [[nodiscard]] bool is_full() const {
        return rows() >= kChunkRows || data_.size() >= kChunkDataBytes;
    }
    [[nodiscard]] std::size_t rows() const { return appids_.size(); }
    [[nodiscard]] const AppidList& appids() const { return appids_; }

    struct Blocks {
        std::string keys;       ///< zstd
        std::string data;       ///< zstd
        Sha256Digest sha256{};  ///< SHA-256(SHA-256(raw keys) + SHA-256(raw data))
    };
    /// Ends the chunk and starts a new one.
    Blocks finish();

  private:
    char* add_row(std::string_view appid, std::size_t value_bytes);

    AppidList appids_;
    std::string data_;  ///< per row: varint length of its values, then row_values.h
};

/// Reads the keys of a chunk. Throws std::runtime_error if the block is damaged.
AppidList read_chunk_keys(std::string_view keys_block);

/// The data of a chunk, unpacked. Immutable; views live as long as the object.
class ChunkData {
  public:
    /// Throws std::runtime_error if the block is damaged.
    explicit ChunkData(std::string_view data_block);
    /// The column values of a row (fewer than the campaign's columns: the rest is empty).
    void row(std::size_t index, std::vector<std::string_view>& values) const;
    [[nodiscard]] std::size_t rows() const { return starts_.size(); }

  private:
    std::string raw_;
    std::vector<std::uint32_t> starts_;
};

/// The chunk's hash from its compressed blocks, for verification.
Sha256Digest chunk_sha256(std::string_view keys_block, std::string_view data_block);

/// Whether a block can be unpacked at all; its checksum is part of that.
bool is_chunk_block(std::string_view block);

/// The hash of a chunk's unpacked data: what stays of the data once it is dropped.
Sha256Digest chunk_data_sha256(std::string_view data_block);
/// The chunk's hash where the data is dropped: it stays checkable.
Sha256Digest chunk_sha256(std::string_view keys_block, const Sha256Digest& data_sha256);

}  // namespace dispatcher
