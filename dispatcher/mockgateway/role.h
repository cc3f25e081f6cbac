#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "mockgateway/answer.h"
#include "mockgateway/fault_rules.h"
#include "mockgateway/ledger.h"
#include "mockgateway/request.h"

namespace dispatcher::mock {

/// What a role remembers of one connection; made and read by that role alone.
class RoleMemory {
  public:
    virtual ~RoleMemory() = default;
};

/// When a request came, and what the role remembers of its connection (null at first).
struct Visit {
    WallTime now{};
    std::unique_ptr<RoleMemory>& memory;
    bool has_client_certificate = false;
};

/// What a role makes of a request. One of three: refused; a notification, which faults may still
/// befall and which else goes into the ledger; or an errand that is answered and no more, such as
/// asking for an access token.
struct Judgement {
    /// Why it is refused, in a static word that the statistics count by; empty if it is not.
    std::string_view refusal;
    bool is_errand = false;
    /// Of a notification: views that stay valid until the role is asked again. Connection and
    /// stream are not the role's.
    LedgerLine line;
};

/// Port: one gateway that the mock plays: its paths, its checks, its words. Knows neither sockets
/// nor faults nor the ledger. One thread.
class Role {
  public:
    virtual ~Role() = default;

    /// Whether requests to this path are this role's.
    [[nodiscard]] virtual bool takes(std::string_view path) const = 0;

    /// Whether a request whose path no role takes is this role's all the same.
    [[nodiscard]] virtual bool takes_by_headers(const Request&) const { return false; }

    /// Checks one whole request as the real gateway would and fills in the answer (clear, status
    /// 200): of the refusal, or of the acceptance.
    virtual Judgement judge(const Request& request, Visit visit, Answer& answer) = 0;

    /// The notification that judge() told last is in the ledger, whatever is answered.
    virtual void note_accepted() {}

    /// Makes the answer of an accepted notification one that complains instead: status and body, as
    /// the real gateway words it. `reason` is given for Complaint::bad_request.
    virtual void complain(Complaint complaint, std::string_view reason, WallTime now,
                          Answer& answer) const = 0;
};

}  // namespace dispatcher::mock
