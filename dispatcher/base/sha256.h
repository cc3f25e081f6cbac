#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dispatcher {

using Sha256Digest = std::array<std::uint8_t, 32>;

/// SHA-256 over bytes given in pieces. Copyable; one thread at a time.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256& other);
    Sha256& operator=(const Sha256& other) = delete;

    Sha256& update(std::string_view bytes);
    /// Ends the message and starts a new one.
    Sha256Digest finish();

    static Sha256Digest of(std::string_view bytes);

  private:
    void* context_;
};

}  // namespace dispatcher
