#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace dispatcher {

/// A stream of bytes, unpacked if it was packed.
class ByteSource {
  public:
    virtual ~ByteSource() = default;
    /// Reads at most `capacity` bytes (> 0); 0 only at the end. Throws ConfigError for an archive
    /// that is damaged or ends early, UnavailableError if the system cannot read.
    virtual std::size_t read(char* out, std::size_t capacity) = 0;
    /// Bytes that read() will have given in all, as far as can be told; nothing for a pipe.
    [[nodiscard]] virtual std::optional<std::uint64_t> expected_bytes() const = 0;
};

/// Opens a file, or stdin if `path` is "-"; unpacks by the name's ending .gz or .zst. Throws
/// ConfigError if it cannot be opened or is a directory.
std::unique_ptr<ByteSource> open_byte_source(const std::string& path);

/// How error texts call a source: its path, or "stdin".
std::string source_name(const std::string& path);

}  // namespace dispatcher
