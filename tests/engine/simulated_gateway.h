#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/simulated_world.h"
#include "engine/simulation_mistake.h"
#include "gateway/gateway.h"
#include "gateway/gateway_type.h"

namespace dispatcher {

/// What the gateways' own books say: kept apart from everything that the engine writes.
class Ledger {
  public:
    struct Entry {
        std::uint32_t marked = 0;     ///< announced in a journal as about to be sent
        std::uint32_t submitted = 0;  ///< handed over by a process; it may have left or not
        std::uint32_t accepted = 0;   ///< notifications that the device will get
    };
    void mark(std::string_view appid) { ++entry(appid).marked; }
    void submit(std::string_view appid) { ++entry(appid).submitted; }
    void accept(std::string_view appid) { ++entry(appid).accepted; }
    [[nodiscard]] Entry of(const std::string& appid) const;
    [[nodiscard]] const std::map<std::string, Entry, std::less<>>& entries() const {
        return entries_;
    }

  private:
    Entry& entry(std::string_view appid);
    std::map<std::string, Entry, std::less<>> entries_;
};

/// What becomes of requests: chances, the rest is accepted.
struct GatewayWeather {
    double answer_lost = 0;  ///< accepted, then silence or a reset
    double answer_late = 0;  ///< accepted, answered after our timeout
    double unprocessed = 0;  ///< not accepted, then silence or a reset
    double refused = 0;      ///< 429 or 503, with or without Retry-After
    double not_sent = 0;     ///< GOAWAY, REFUSED_STREAM
    double crowded = 0;      ///< a device's own service has no room, whenever it is asked
    double rejected = 0;
    double connection_lost = 0;             ///< per flush: everything in flight ends unanswered
    std::chrono::milliseconds latency{20};  ///< of an answer, at most
    BootTime down_until{};                  ///< no connection can be made before
};

/// One process's way to a gateway. What was flushed is on its way whatever becomes of the process.
class SimulatedGateway final : public Gateway {
  public:
    SimulatedGateway(World& world, Ledger& ledger, const GatewayWeather& weather, ProcessLife& life,
                     Mistake mistake, std::size_t in_flight_max, bool may_write_early);
    ~SimulatedGateway() override;

    [[nodiscard]] std::size_t capacity() const override;
    [[nodiscard]] bool has_room_for(const Notification& notification) override;
    void submit(Ticket ticket, const Notification& notification) override;
    void wait(BootTime deadline, std::vector<GatewayAnswer>& answers) override;
    void wake() override;
    [[nodiscard]] std::size_t in_flight() const override { return in_flight_.size(); }
    [[nodiscard]] Health health() const override;

    /// The actor that waits in wait().
    World::Actor* waiter = nullptr;
    bool expects_looked_up = false;  ///< every notification goes to where SimulatedSource says

  private:
    struct Request {
        Ticket ticket = 0;
        std::string appid;
    };
    struct Coming {
        GatewayAnswer answer;
        bool ends = true;  ///< false: a late answer to a request that has ended for us
    };
    [[nodiscard]] bool is_down() const { return world_.now() < weather_.down_until; }
    void transmit(const Request& request);
    void answer(const Request& request, std::chrono::nanoseconds after, Outcome outcome,
                bool ends = true);
    void accept(const Request& request);
    Outcome unanswered(Reason reason) const;
    void lose_connection();

    World& world_;
    Ledger& ledger_;
    const GatewayWeather& weather_;
    ProcessLife& life_;
    const Mistake mistake_;
    const std::size_t in_flight_max_;
    const bool may_write_early_;  ///< submit() may reach the kernel before wait()
    std::vector<Request> unflushed_;
    std::set<Ticket> in_flight_;
    std::multimap<BootTime, Coming> coming_;
    bool is_woken_ = false;
    BootTime down_since_{};
};

/// A kind of gateway whose payload is constant.
class SimulatedGatewayType final : public GatewayType {
  public:
    [[nodiscard]] std::string_view name() const override { return "simulated"; }
    [[nodiscard]] std::vector<Key> keys() const override { return {}; }
    [[nodiscard]] std::size_t payload_bytes_max() const override { return 4096; }
    [[nodiscard]] std::string target(const GatewayOptions&) const override { return "simulated"; }
    [[nodiscard]] PayloadDocument payload_document(const Message&,
                                                   const std::string&) const override {
        return {R"({"body":"hello"})", "alert"};
    }
    [[nodiscard]] RequestPreview preview(const GatewayOptions&,
                                         const Notification&) const override {
        return {};
    }
    [[nodiscard]] std::unique_ptr<Gateway> open(const GatewayOptions&, Clock&,
                                                Random&) const override {
        return nullptr;  // the simulation makes its gateways itself
    }
};

}  // namespace dispatcher
