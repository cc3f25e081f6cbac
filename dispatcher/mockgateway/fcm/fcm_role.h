#pragma once

#include <string>

#include "base/random.h"
#include "mockgateway/fcm/message_check.h"
#include "mockgateway/fcm/token_desk.h"
#include "mockgateway/role.h"

namespace dispatcher::mock {

/// The mock as FCM HTTP v1 and as the OAuth 2.0 server before it:
/// `POST /v1/projects/<project>/messages:send` and `POST /token`.
class FcmRole final : public Role {
  public:
    /// `random` makes access tokens and message names; it outlives the role. Throws ConfigError if
    /// the service account's file cannot be used.
    FcmRole(const TokenDesk::Options& options, Random& random);

    [[nodiscard]] bool takes(std::string_view path) const override;
    Judgement judge(const Request& request, Visit visit, Answer& answer) override;
    void complain(Complaint complaint, std::string_view reason, WallTime now,
                  Answer& answer) const override;

  private:
    static Judgement refuse(const ErrorDocument& error, Answer& answer);

    TokenDesk desk_;
    Random& random_;
    FcmMessage message_;
    std::string project_;
};

}  // namespace dispatcher::mock
