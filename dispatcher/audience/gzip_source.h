#pragma once

#include <memory>
#include <string>

#include "audience/byte_source.h"

namespace dispatcher {

/// Unpacks a gzip file (RFC 1952), all its members one after the other.
class GzipSource final : public ByteSource {
  public:
    GzipSource(std::unique_ptr<ByteSource> packed, std::string name);
    ~GzipSource() override;

    std::size_t read(char* out, std::size_t capacity) override;
    [[nodiscard]] std::optional<std::uint64_t> expected_bytes() const override;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace dispatcher
