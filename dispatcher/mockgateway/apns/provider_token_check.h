#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace dispatcher::mock {

/// One `authorization` header, read once and kept.
struct ProviderToken {
    std::string header;
    bool valid = false;  ///< form, key id, team id and (where a key was given) the signature
    std::string key_id;
    std::int64_t issued_at = 0;  ///< seconds since 1970
};

/// Reads and remembers provider tokens (JWT, ES256). One thread.
class ProviderTokenCheck {
  public:
    /// What a token must show; what is empty is not checked.
    struct Options {
        std::filesystem::path public_key_file;  ///< PEM; a private key serves as well
        std::string key_id;
        std::string team_id;
    };

    /// Throws ConfigError if the key cannot be read or is no P-256 key.
    explicit ProviderTokenCheck(Options options);
    ~ProviderTokenCheck();
    ProviderTokenCheck(const ProviderTokenCheck&) = delete;
    ProviderTokenCheck& operator=(const ProviderTokenCheck&) = delete;

    /// The token that an `authorization` header stands for. Never null; expiry is the caller's.
    std::shared_ptr<const ProviderToken> read(std::string_view header);

  private:
    [[nodiscard]] ProviderToken parse(std::string_view header) const;
    [[nodiscard]] bool signature_fits(std::string_view signed_part,
                                      std::string_view signature) const;

    const Options options_;
    void* key_ = nullptr;  // an EVP_PKEY; null: signatures are not checked
    std::deque<std::shared_ptr<const ProviderToken>> known_;  // newest use first
};

}  // namespace dispatcher::mock
