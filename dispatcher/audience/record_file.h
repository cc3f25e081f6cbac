#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "audience/scratch_space.h"

namespace dispatcher {

// Records of a short key and a payload, one after the other in a scratch file:
// key length (1 byte), payload length (4 bytes, native order), key, payload.

inline constexpr std::size_t kRecordHeadBytes = 5;
inline constexpr std::size_t kRecordKeyBytesMax = 255;

/// A record's parts; views into whatever holds it.
struct Record {
    std::string_view key;
    std::string_view payload;
    std::string_view whole;  ///< with its head, as it stands in a file
};

/// Writes head and key at `out` and answers where the payload belongs.
char* put_record_head(char* out, std::string_view key, std::size_t payload_bytes);
/// The record that begins at `in`, which must be whole.
Record record_at(const char* in);

/// Where a run of records lies in its file.
struct Extent {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};

/// Appends one run of records to a scratch file.
class RecordWriter {
  public:
    explicit RecordWriter(ScratchFile& file);
    void add(std::string_view key, std::string_view payload);
    void add_whole(std::string_view record);
    /// Writes out what is buffered; ends the run.
    Extent finish();

  private:
    void make_room(std::size_t bytes);

    ScratchFile* file_;
    Extent extent_;
    std::string buffer_;
};

/// Reads one run from its beginning, through a buffer that grows only for a record that is larger.
class RecordReader {
  public:
    /// Whether the run stays in the file, or its space is given back while it is read.
    enum class Keep : bool { no, yes };
    RecordReader(ScratchFile& file, Extent extent, std::size_t buffer_bytes, Keep keep);
    /// Moves to the next record; false at the end. Invalidates the record before.
    bool next();
    [[nodiscard]] const Record& record() const { return record_; }

  private:
    void fill(std::size_t bytes);

    ScratchFile* file_;
    Extent left_;
    Keep keep_;
    std::uint64_t kept_from_;  ///< where what was not given back begins
    std::size_t capacity_;
    std::unique_ptr<char[]> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    Record record_;
};

}  // namespace dispatcher
