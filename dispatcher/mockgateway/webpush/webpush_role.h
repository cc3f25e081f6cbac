#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/random.h"
#include "mockgateway/role.h"
#include "mockgateway/webpush/message_opener.h"
#include "mockgateway/webpush/vapid_check.h"

namespace dispatcher::mock {

/// The mock as a push service (RFC 8030): `POST /push/<token>`, or any path whose request shows by
/// its headers that it is a web push, as real endpoints have paths of their own.
class WebPushRole final : public Role {
  public:
    /// What is empty is not checked.
    struct Options {
        std::string vapid_public_key;               ///< base64url: the only one that may push
        std::filesystem::path subscriber_key_file;  ///< PEM: every subscription's private key
        std::string subscriber_auth;                ///< base64url: and its auth secret
    };

    /// `random` makes the ids of messages; it outlives the role. Throws ConfigError for keys that
    /// cannot be used.
    WebPushRole(const Options& options, Random& random);

    [[nodiscard]] bool takes(std::string_view path) const override;
    [[nodiscard]] bool takes_by_headers(const Request& request) const override;
    Judgement judge(const Request& request, Visit visit, Answer& answer) override;
    void complain(Complaint complaint, std::string_view reason, WallTime now,
                  Answer& answer) const override;

  private:
    struct Refusal {
        int status = 0;  ///< 0: none
        std::string_view reason;
    };
    Refusal check(const Request& request, WallTime now);
    Refusal check_body(const Request& request);
    void name_message();

    Random& random_;
    VapidCheck vapid_;
    std::unique_ptr<MessageOpener> opener_;  ///< null: bodies are not decrypted
    // Of the message that was judged last.
    std::string payload_;
    std::string id_;
};

}  // namespace dispatcher::mock
