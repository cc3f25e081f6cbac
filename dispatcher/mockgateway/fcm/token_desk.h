#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/random.h"
#include "mockgateway/answer.h"
#include "mockgateway/request.h"

struct evp_pkey_st;

namespace dispatcher::mock {

/// The service account that may ask for access tokens, as its file says.
struct KnownAccount {
    std::string project;
    std::string client_email;
    std::string token_uri;
    std::shared_ptr<evp_pkey_st> key;

    /// Throws ConfigError if the file cannot be read or is no service account file.
    static KnownAccount read(const std::filesystem::path& file);
};

/// Google's OAuth 2.0 server: gives access tokens for signed assertions (RFC 7523) and knows them
/// again. One thread.
class TokenDesk {
  public:
    struct Options {
        std::filesystem::path
            service_account_file;  ///< empty: assertions are checked for form only
        std::chrono::seconds life{3599};
    };

    /// `random` makes the tokens and outlives this. Throws as KnownAccount::read().
    TokenDesk(const Options& options, Random& random);

    /// Answers a request to the token endpoint; a static word if it was refused, else "".
    std::string_view answer_request(const Request& request, WallTime now, Answer& answer);

    /// Whether an `authorization` header bears a token that was given and is still good.
    [[nodiscard]] bool knows(std::string_view authorization, WallTime now) const;
    /// The project that may be sent for; empty: any.
    [[nodiscard]] std::string_view project() const {
        return account_ ? std::string_view(account_->project) : std::string_view();
    }

  private:
    [[nodiscard]] std::string problem(std::string_view assertion, WallTime now) const;
    [[nodiscard]] bool signature_fits(std::string_view signed_part,
                                      std::string_view signature) const;
    void forget_expired(WallTime now);

    const std::unique_ptr<const KnownAccount> account_;
    const std::chrono::seconds life_;
    Random& random_;
    std::unordered_map<std::string, WallTime> good_until_;  // by authorization header
};

}  // namespace dispatcher::mock
