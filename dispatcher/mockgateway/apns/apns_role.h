#pragma once

#include "base/random.h"
#include "mockgateway/apns/apns_check.h"
#include "mockgateway/role.h"

namespace dispatcher::mock {

/// The mock as APNs: `POST /3/device/<token>` over HTTP/2.
class ApnsRole final : public Role {
  public:
    /// `random` makes the ids of notifications that came without; it outlives the role. Throws
    /// ConfigError if the key cannot be used.
    ApnsRole(ApnsCheck::Options check, Random& random);

    [[nodiscard]] bool takes(std::string_view path) const override;
    Judgement judge(const Request& request, Visit visit, Answer& answer) override;
    void complain(Complaint complaint, std::string_view reason, WallTime now,
                  Answer& answer) const override;

  private:
    void make_id(std::string& id);

    ApnsCheck check_;
    Random& random_;
};

}  // namespace dispatcher::mock
