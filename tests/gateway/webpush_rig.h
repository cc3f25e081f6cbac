#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/gateway_type.h"
#include "gateway_rig.h"
#include "scripted_server.h"
#include "test_certificate.h"

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
class WebPushRig : public GatewayRig {
  public:
    /// What to make different before the gateway is opened.
    struct Change {
        ScriptedServer::Options server;
        bool allows_private = true;
        bool has_endpoint = false;  ///< all go to the first service, whatever their endpoint says
        std::string protocol{};     ///< empty: the key is not there
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
    /// Of all requests to all services the most that had one path.
    [[nodiscard]] int most_often() const;

    TemporaryDirectory directory;
    std::unique_ptr<TestCertificate> certificate;
    std::vector<std::unique_ptr<ScriptedServer>> services;
};

}  // namespace dispatcher::test
