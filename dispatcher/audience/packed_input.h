#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "audience/byte_source.h"

namespace dispatcher {

/// The packed side of an archive that is being unpacked: one buffer, and how far it is used.
class PackedInput {
  public:
    explicit PackedInput(std::unique_ptr<ByteSource> packed);

    /// Unused bytes; reads more if there are none. Empty only at the end of the file.
    std::string_view bytes();
    void use(std::size_t count) { begin_ += count; }
    /// What the whole archive unpacks to, if the rest packs as well as what was seen.
    [[nodiscard]] std::optional<std::uint64_t> expected(std::uint64_t unpacked_so_far) const;

  private:
    std::unique_ptr<ByteSource> packed_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::uint64_t read_ = 0;
};

}  // namespace dispatcher
