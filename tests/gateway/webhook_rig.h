#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apns_rig.h"
#include "gateway/gateway.h"
#include "scripted_http1_server.h"

namespace dispatcher::test {

/// A webhook gateway before a server of the test's, and what it answered to each ticket.
class WebhookRig {
  public:
    /// `change` sees the options before the gateway is opened.
    explicit WebhookRig(const std::string& endpoint,
                        const std::function<void(GatewayOptions&)>& change = {});

    /// Submits `count` notifications with new tickets as capacity comes, and waits until they and
    /// all before were answered; false if that does not come within a generous time.
    [[nodiscard]] bool exchange(std::size_t count);
    /// Submits as capacity comes, without waiting for answers.
    [[nodiscard]] bool send(std::size_t count);
    [[nodiscard]] bool await_answers(std::size_t count);
    [[nodiscard]] bool await(const std::function<bool()>& is_true);
    /// The first answer to a ticket, as "kind reason" in words; "-" if there is none.
    [[nodiscard]] std::string answer(Ticket ticket) const { return nth_answer(ticket, 0); }
    [[nodiscard]] std::string late_answer(Ticket ticket) const { return nth_answer(ticket, 1); }
    [[nodiscard]] Notification notification(const std::string& appid) const;

    SteppedClock clock;
    std::unique_ptr<Gateway> gateway;
    std::vector<GatewayAnswer> answers;
    GatewayOptions options;

  private:
    [[nodiscard]] std::string nth_answer(Ticket ticket, std::size_t n) const;

    CountingRandom random_;
    Ticket next_ticket_ = 0;
    std::map<Ticket, std::vector<std::string>> by_ticket_;
};

/// Where a webhook of a test is: a path and a query.
inline constexpr const char* kHookPath = "/hook?from=pushonce";

}  // namespace dispatcher::test
