#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "gateway/credential_file.h"

struct evp_pkey_st;

namespace dispatcher::fcm {

/// Who we are to Google: what a service account's JSON file holds. Its private key never leaves
/// this object.
class ServiceAccount {
  public:
    /// Throws ConfigError if the file cannot be read or is no such file.
    static ServiceAccount read(const CredentialFile& file);

    [[nodiscard]] const std::string& project() const { return project_; }
    [[nodiscard]] const std::string& client_email() const { return client_email_; }
    /// Where access tokens are asked for: an https URL, or an http one of this machine.
    [[nodiscard]] const std::string& token_uri() const { return token_uri_; }
    /// Tells one account and key from others; no secret.
    [[nodiscard]] std::string identity() const;

    /// The assertion that an access token is asked for with: a JWT signed with RS256, good for an
    /// hour (RFC 7523 §2.1; Google, "Using OAuth 2.0 for server to server applications").
    [[nodiscard]] std::string make_assertion(WallTime now) const;

  private:
    std::string project_;
    std::string client_email_;
    std::string key_id_;
    std::string token_uri_;
    std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace dispatcher::fcm
