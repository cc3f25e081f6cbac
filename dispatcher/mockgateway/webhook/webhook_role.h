#pragma once

#include <string>
#include <unordered_map>

#include "mockgateway/role.h"

namespace dispatcher::mock {

/// The mock as a webhook: takes notifications at `/hook…`, and at any path no other gateway has if
/// they bear the headers. Remembers every key that it accepted: the same request again is answered
/// as the first time and is not in the ledger again, another body under the same key is refused.
class WebhookRole final : public Role {
  public:
    /// An empty secret: signatures are not checked.
    explicit WebhookRole(std::string secret);

    [[nodiscard]] bool takes(std::string_view path) const override;
    [[nodiscard]] bool takes_by_headers(const Request& request) const override;
    Judgement judge(const Request& request, Visit visit, Answer& answer) override;
    void note_accepted() override { accepted_[key_] = body_hash_; }
    void complain(Complaint complaint, std::string_view reason, WallTime now,
                  Answer& answer) const override;

  private:
    /// What is wrong with the request, in a static word, and its status; empty if it is in order.
    struct Fault {
        int status = 400;
        std::string_view word;
    };
    Fault find_fault(const Request& request, WallTime now);
    Fault check_body(const Request& request);
    [[nodiscard]] Fault check_signature(const Request& request, WallTime now) const;

    const std::string secret_;
    std::unordered_map<std::string, std::string> accepted_;  // key → hash of the body
    // Of the request judged last.
    std::string key_;
    std::string body_hash_;
    std::string campaign_;
    std::string appid_;
    std::string token_;
    std::string id_;
};

}  // namespace dispatcher::mock
