#pragma once

#include <memory>
#include <string>

#include "gateway/gateway_type.h"
#include "gateway_rig.h"
#include "scripted_server.h"
#include "test_certificate.h"

namespace dispatcher::test {

/// An apns gateway before a scripted server, and what it answered to each ticket.
class ApnsRig : public GatewayRig {
  public:
    /// What to make different before the gateway is opened.
    struct Change {
        ScriptedServer::Options server;
        std::string host = "127.0.0.1";  ///< as the endpoint calls the server
        std::string certificate_name = "IP:127.0.0.1";
        bool trusts_another = false;
        std::uint32_t connections = 1;
        std::uint32_t in_flight = 100;
        std::chrono::milliseconds timeout{30'000};
    };

    explicit ApnsRig(ScriptedServer::Script script);
    ApnsRig(const Change& change, ScriptedServer::Script script);

    /// Submits `count` notifications with new tickets as capacity comes; false if none came within
    /// a generous time.
    [[nodiscard]] bool send(std::size_t count);
    /// Sends one and waits for its answer: afterwards the connection may carry several streams.
    [[nodiscard]] bool warm_up();

    TemporaryDirectory directory;
    std::unique_ptr<TestCertificate> certificate;
    std::unique_ptr<ScriptedServer> server;

  private:
    void submit_one();
};

/// Options of an apns gateway whose key is written into `directory`.
GatewayOptions apns_options(const TemporaryDirectory& directory, const std::string& endpoint);

}  // namespace dispatcher::test
