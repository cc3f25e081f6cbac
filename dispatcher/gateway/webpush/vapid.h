#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "gateway/http2/es256_key.h"

namespace dispatcher::webpush {

/// Who we are to every push service (RFC 8292): a key, and whom to write to.
class VapidIdentity {
  public:
    /// Throws ConfigError if the key cannot be used.
    VapidIdentity(const CredentialFile& key_file, std::string subject);

    /// `vapid t=<token>, k=<public key>`, good for one origin until `expires`.
    [[nodiscard]] std::string authorization(std::string_view origin, WallTime expires) const;
    /// As pages give it to the browser: base64url.
    [[nodiscard]] const std::string& public_key() const { return public_key_; }
    /// The same without its signed part, for people's eyes.
    [[nodiscard]] std::string redacted() const;

  private:
    const http2::Es256Key key_;
    const std::string subject_;
    const std::string public_key_;  ///< base64url, as pages give it to the browser
};

/// What is wrong with a `sub`; empty if nothing.
std::string_view subject_problem(std::string_view subject);

/// The authorization for one origin, made once and renewed before it expires. One thread.
class VapidToken {
  public:
    /// RFC 8292 §2 allows a day; half of it forgives clocks that differ.
    static constexpr std::chrono::hours kGoodFor{12};
    static constexpr std::chrono::hours kRenewAfter{6};

    /// `identity` must outlive it.
    VapidToken(const VapidIdentity& identity, std::string origin);

    /// The text stays in place until the next renewal but one, hours longer than any request waits
    /// to be framed.
    [[nodiscard]] std::string_view authorization(BootTime now, WallTime wall);

  private:
    const VapidIdentity& identity_;
    const std::string origin_;
    std::array<std::string, 2> texts_;
    std::size_t current_ = 0;
    BootTime made_at_{};
};

}  // namespace dispatcher::webpush
