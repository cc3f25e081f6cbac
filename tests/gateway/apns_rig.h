#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "gateway/gateway.h"
#include "gateway/gateway_type.h"
#include "scripted_server.h"
#include "test_certificate.h"

namespace dispatcher::test {

/// The machine's clock, which a test may put forward.
class SteppedClock final : public Clock {
  public:
    BootTime now() override { return system_.now() + std::chrono::nanoseconds(ahead_.load()); }
    WallTime wall() override {
        return system_.wall() + std::chrono::floor<std::chrono::milliseconds>(
                                    std::chrono::nanoseconds(ahead_.load()));
    }
    void advance(std::chrono::nanoseconds by) { ahead_ += by.count(); }

  private:
    SystemClock system_;
    std::atomic<std::int64_t> ahead_{0};
};

/// Counts up: the spread of reconnects is the same in every run.
class CountingRandom final : public Random {
  public:
    std::uint64_t next() override { return next_++; }

  private:
    std::atomic<std::uint64_t> next_{0};
};

/// An apns gateway before a scripted server, and what it answered to each ticket.
class ApnsRig {
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
    /// Waits until this many answers came in all, late ones too.
    [[nodiscard]] bool await_answers(std::size_t count);
    /// Waits until `is_true`, for up to a generous time.
    [[nodiscard]] bool await(const std::function<bool()>& is_true);
    /// One wait() that does not wait.
    void turn();

    /// The first answer to a ticket, as "kind reason" in words; "-" if there is none.
    [[nodiscard]] std::string answer(Ticket ticket) const;
    [[nodiscard]] std::string late_answer(Ticket ticket) const;
    /// Of all tickets the most answers that one got.
    [[nodiscard]] std::size_t answers_max() const;

    TemporaryDirectory directory;
    SteppedClock clock;
    std::unique_ptr<TestCertificate> certificate;
    std::unique_ptr<ScriptedServer> server;
    std::unique_ptr<Gateway> gateway;
    Ticket next_ticket = 0;
    std::vector<GatewayAnswer> answers;

  private:
    void submit_one();

    CountingRandom random_;
    std::map<Ticket, std::vector<std::string>> by_ticket_;
};

/// Options of an apns gateway whose key is written into `directory`.
GatewayOptions apns_options(const TemporaryDirectory& directory, const std::string& endpoint);

/// "accepted", "not_sent goaway", …
std::string describe(const Outcome& outcome);

/// The apns-id of a ticket's notification.
std::string id_of(Ticket ticket);

}  // namespace dispatcher::test
