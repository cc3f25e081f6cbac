#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apns_rig.h"

namespace dispatcher::test {

/// The subscriber of RFC 8291 §5.
inline constexpr std::string_view kSubscriberKey =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
inline constexpr std::string_view kSubscriberAuth = "BTBZMqHH6r4Tts7J_aSIgg";

/// Options of a webpush gateway whose VAPID key is written into `directory`; `endpoint` may be
/// empty.
GatewayOptions webpush_options(const TemporaryDirectory& directory, const std::string& endpoint);

/// A webpush gateway before scripted push services, each with a port of its own, and what it
/// answered to each ticket.
class WebPushRig {
  public:
    /// What to make different before the gateway is opened.
    struct Change {
        ScriptedServer::Options server;
        bool allows_private = true;
        bool has_endpoint = false;  ///< all go to the first service, whatever their endpoint says
        std::uint32_t connections = 1;
        std::uint32_t in_flight = 100;
        std::chrono::milliseconds patience{600'000};
    };

    explicit WebPushRig(std::vector<ScriptedServer::Script> scripts);
    WebPushRig(const Change& change, std::vector<ScriptedServer::Script> scripts);

    /// `https://127.0.0.1:PORT` of a service.
    [[nodiscard]] std::string origin(std::size_t service) const;
    /// Submits a notification for an endpoint at this origin if it has room; its path is
    /// /push/TICKET.
    [[nodiscard]] bool try_send(const std::string& origin);
    /// The same as soon as there is room; false if none came within a generous time.
    [[nodiscard]] bool send(const std::string& origin, std::size_t count = 1);
    /// Sends one and waits for its answer.
    [[nodiscard]] bool warm_up(const std::string& origin);
    [[nodiscard]] bool await_answers(std::size_t count);
    [[nodiscard]] bool await(const std::function<bool()>& is_true);
    void turn();

    [[nodiscard]] std::string answer(Ticket ticket) const;
    [[nodiscard]] std::size_t answers_max() const;
    /// Of all requests to all services the most that had one path.
    [[nodiscard]] int most_often() const;

    TemporaryDirectory directory;
    SteppedClock clock;
    std::unique_ptr<TestCertificate> certificate;
    std::vector<std::unique_ptr<ScriptedServer>> services;
    std::unique_ptr<Gateway> gateway;
    Ticket next_ticket = 0;
    std::vector<GatewayAnswer> answers;

  private:
    SystemRandom random_;
    std::map<Ticket, std::vector<std::string>> by_ticket_;
};

}  // namespace dispatcher::test
