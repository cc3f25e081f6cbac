#pragma once

#include <memory>
#include <string>

#include "audience/byte_source.h"

namespace dispatcher {

/// Unpacks a zstd file (RFC 8878), all its frames one after the other.
class ZstdSource final : public ByteSource {
  public:
    ZstdSource(std::unique_ptr<ByteSource> packed, std::string name);
    ~ZstdSource() override;

    std::size_t read(char* out, std::size_t capacity) override;
    [[nodiscard]] std::optional<std::uint64_t> expected_bytes() const override;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace dispatcher
