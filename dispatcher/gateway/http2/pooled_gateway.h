#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "gateway/gateway.h"
#include "gateway/gateway_type.h"
#include "gateway/http2/connection_pool.h"
#include "gateway/http2/service.h"
#include "gateway/http2/stream.h"

namespace dispatcher::http2 {

/// A Gateway over HTTP/2 or HTTP/1.1: carries the requests of a Service on a pool of connections
/// and tells from the way each stream ended what is proved about it. Never sends a request twice.
class PooledGateway final : public Gateway {
  public:
    /// Connects when capacity() is asked for the first time and wait() is called. Throws
    /// ConfigError for an unreadable ca_file.
    PooledGateway(const GatewayOptions& options, Endpoint endpoint,
                  std::unique_ptr<Service> service, Clock& clock, Random& random, Reach reach = {});

    [[nodiscard]] std::size_t capacity() const override;
    void submit(Ticket ticket, const Notification& notification) override;
    void wait(BootTime deadline, std::vector<GatewayAnswer>& answers) override;
    void wake() override { pool_.wake(); }
    [[nodiscard]] std::size_t in_flight() const override {
        return waiting_.size() + unsubmitted_.size();
    }
    [[nodiscard]] Health health() const override;
    [[nodiscard]] std::optional<std::chrono::milliseconds> repeatable_for() const override {
        return service_->repeatable_for();
    }
    [[nodiscard]] std::string fault() const override { return service_->fault(); }

    /// For one who waits for several gateways with one thread: readable, or next_tick() reached,
    /// when wait() has something to do.
    [[nodiscard]] int descriptor() const { return pool_.descriptor(); }
    [[nodiscard]] BootTime next_tick() const;
    /// The host was found, and none of its addresses may be connected to.
    [[nodiscard]] bool is_barred() const { return pool_.is_barred(); }
    /// Nothing is submitted, and no late answer is read for.
    [[nodiscard]] bool is_at_rest() const { return in_flight() == 0 && lingering_.empty(); }

  private:
    using Answers = std::vector<GatewayAnswer>;
    using Streams = std::list<Stream>;

    Stream& take_stream();
    void give_back(Stream& stream);
    Streams& list_of(const Stream& stream);
    void settle_ended(Connection& connection, BootTime now, Answers& answers);
    void finish(Stream& stream, BootTime now, Answers& answers);
    Verdict judge(Stream& stream, BootTime now);
    void expire(BootTime now, Answers& answers);
    void time_out(Stream& stream, BootTime now, Answers& answers);
    void drop_eldest_lingering();
    void close_finished(BootTime now, Answers& answers);

    const std::chrono::nanoseconds timeout_;
    const std::size_t lingering_max_;
    Clock& clock_;
    std::unique_ptr<Service> service_;
    mutable bool is_wanted_ = false;  ///< capacity() was asked since the last wait()
    Fields fields_;
    Answers unsubmitted_;  ///< answers to what was submitted beyond capacity
    // Every stream is in one of these; both queues are in the order of submission.
    Streams idle_;
    Streams waiting_;
    Streams lingering_;    ///< answered `unknown`, still read for
    Streams settled_;      ///< answered for good, still open in the session
    ConnectionPool pool_;  // ends first: its sessions point into the lists
};

}  // namespace dispatcher::http2
