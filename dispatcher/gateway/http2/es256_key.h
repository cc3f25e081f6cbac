#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/credential_file.h"

struct evp_pkey_st;

namespace dispatcher::http2 {

/// A private key on P-256 that signs tokens with ES256 (RFC 7518 §3.4). One thread.
class Es256Key {
  public:
    /// Reads a PEM file. Throws ConfigError if the file is unreadable, holds no private key
    /// (`what_it_is` tells the operator which file is meant), or one of another kind.
    Es256Key(const CredentialFile& file, std::string_view what_it_is);
    ~Es256Key();
    Es256Key(const Es256Key&) = delete;
    Es256Key& operator=(const Es256Key&) = delete;

    /// A JWT: header and claims, which are JSON, and the signature over both.
    [[nodiscard]] std::string sign(std::string_view header, std::string_view claims) const;

    /// The public key as an uncompressed point.
    [[nodiscard]] std::array<std::uint8_t, 65> public_point() const;

  private:
    evp_pkey_st* key_ = nullptr;
};

}  // namespace dispatcher::http2
