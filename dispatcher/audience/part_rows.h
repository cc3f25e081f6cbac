#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "audience/audience.h"
#include "audience/byte_source.h"
#include "audience/byte_window.h"
#include "audience/row_reader.h"

namespace dispatcher {

/// The rows of one part of an audience, whatever they come from, with what they are read through.
class PartRows {
  public:
    /// Whether the content of a file is hashed while it is read.
    enum class Hash : bool { no, yes };
    /// Opens them. Throws as Audience::read() does.
    PartRows(const RowsFrom& from, const OpenRows& open_rows, Hash hash);
    ~PartRows();
    PartRows(const PartRows&) = delete;
    PartRows& operator=(const PartRows&) = delete;

    RowReader& reader() { return *reader_; }
    /// Bytes of the file, as far as can be told.
    [[nodiscard]] std::optional<std::uint64_t> expected_bytes() const;
    /// After the last row: SHA-256 of the bytes that were read, in hexadecimal; "" if not hashed.
    std::string content_sha256();

  private:
    class HashingSource;
    std::unique_ptr<ByteSource> bytes_;
    HashingSource* hashing_ = nullptr;  ///< is bytes_, if it hashes
    std::unique_ptr<ByteWindow> window_;
    std::unique_ptr<RowReader> reader_;
};

/// SHA-256 of what a file holds, unpacked, as content_sha256() says after reading it.
std::string file_content_sha256(const std::string& path);

}  // namespace dispatcher
