#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace dispatcher::mock {

/// Checks `authorization: vapid t=…, k=…` (RFC 8292): what was signed by whom is looked at once and
/// kept, audience and expiry at each request. One thread.
class VapidCheck {
  public:
    /// `public_key`: the only one that may push, base64url; empty: whoever signs.
    explicit VapidCheck(std::string public_key);

    /// Why the header does not authorize a push to this authority, in a static word; empty if it
    /// does.
    std::string_view refusal(std::string_view header, std::string_view authority, WallTime now);

  private:
    struct Token {
        std::string_view problem;  ///< of form or signature
        std::string audience;
        std::int64_t expires = 0;  ///< seconds since 1970
        std::string public_key;
    };
    [[nodiscard]] static Token read(std::string_view header);

    const std::string public_key_;
    std::unordered_map<std::string, Token> known_;
};

}  // namespace dispatcher::mock
