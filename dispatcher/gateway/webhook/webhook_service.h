#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "gateway/http2/service.h"
#include "gateway/webhook/dead_statuses.h"
#include "gateway/webhook/webhook_request.h"

namespace dispatcher::webhook {

/// A service of the customer's own that takes notifications by the contract in this folder's
/// README.
class WebhookService final : public http2::Service {
  public:
    /// `repeatable_for`: how long the service promises to remember an Idempotency-Key, less what a
    /// request may be on its way; nothing where it does not. `dead`: statuses like 410.
    WebhookService(WebhookRequest request, std::optional<std::chrono::milliseconds> repeatable_for,
                   DeadStatuses dead, Clock& clock);

    void compose(const Notification& notification, BootTime now, http2::HeaderMemory& memory,
                 http2::Request& request, http2::Fields& fields, std::uint32_t& memo) override;
    http2::Verdict judge(const http2::Reply& reply, std::uint32_t memo, BootTime now) override;
    [[nodiscard]] std::optional<std::chrono::milliseconds> repeatable_for() const override {
        return repeatable_for_;
    }
    [[nodiscard]] std::string fault() const override { return fault_; }

  private:
    const WebhookRequest request_;
    const std::optional<std::chrono::milliseconds> repeatable_for_;
    const DeadStatuses dead_;
    Clock& clock_;
    std::string fault_;
};

}  // namespace dispatcher::webhook
