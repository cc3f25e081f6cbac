#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/recycled_memory.h"
#include "mockgateway/apns_service.h"
#include "mockgateway/delay_queue.h"
#include "mockgateway/transport.h"

struct nghttp2_session;

namespace dispatcher::mock {

/// Settings of every connection.
struct ConnectionOptions {
    std::uint32_t streams = 1000;     ///< open at once, at most
    std::uint32_t first_streams = 1;  ///< until the first accepted notification
    std::chrono::milliseconds latency{0};
};

/// One HTTP/2 connection, server side: reads requests, has them judged, and makes the answers or
/// the faults. What take_input() decides is only sent by send_output(), so that the ledger can be
/// written in between. One thread.
class Connection {
  public:
    /// `service` and `delays` outlive the connection. `number` is its name in ledger and delays.
    Connection(std::unique_ptr<Transport> transport, std::uint64_t number, ApnsService& service,
               DelayQueue& delays, const ConnectionOptions& options);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Reads and judges what has come, up to a bound; true if there may be more at once. `buffer`
    /// is only borrowed.
    bool take_input(std::span<std::uint8_t> buffer);
    /// A delay on this connection has ended.
    void take_due(std::int32_t stream);
    /// Writes what there is to say, as far as the socket takes it.
    void send_output();

    [[nodiscard]] bool ended() const { return phase_ == Phase::ended; }
    /// Whether send_output() is to be called when the socket takes bytes again.
    [[nodiscard]] bool wants_write() const;
    [[nodiscard]] int socket() const { return transport_->socket(); }

  private:
    friend struct SessionCallbacks;

    /// Where the connection stands on its way to the end.
    enum class Phase : std::uint8_t {
        serving,
        draining,   ///< GOAWAY said; what is owed is still answered
        cutting,    ///< what is written so far goes out, then the socket closes
        fouling,    ///< the same, then garbage, then lingering
        lingering,  ///< our direction is closed; input is read and dropped
        ended,
    };

    /// One request and its answer, reused; its strings live until the stream is closed.
    struct Exchange {
        ApnsRequest request;
        Verdict verdict;
        std::string id;
        std::string retry_after;
        std::string body;
        std::size_t body_sent = 0;
        std::int32_t stream = 0;
        bool received = false;
        bool owed = false;  ///< an answer, so that draining must wait for it
    };

    [[nodiscard]] bool is_listening() const { return phase_ <= Phase::draining; }
    void submit_stream_limit(std::uint32_t streams);
    Exchange* open_exchange(std::int32_t stream);
    void close_exchange(Exchange& exchange);
    void take_request(Exchange& exchange);
    void carry_out(Exchange& exchange);
    void respond(Exchange& exchange);
    void answer_stats(Exchange& exchange);
    void reset(const Exchange& exchange, std::uint32_t code);
    void release_from_debt(Exchange& exchange);
    void go_away(std::int32_t last_stream);
    void announce_going_away();
    bool flush();
    void fill_output();
    void finish(bool politely);

    const std::unique_ptr<Transport> transport_;
    const std::uint64_t number_;
    ApnsService& service_;
    DelayQueue& delays_;
    const ConnectionOptions& options_;
    RecycledMemory memory_;  // the session's: ends after it
    nghttp2_session* session_ = nullptr;
    Phase phase_ = Phase::serving;

    std::vector<std::unique_ptr<Exchange>> exchanges_;  // all ever made: bounded by open streams
    std::vector<Exchange*> idle_;
    Exchange* reading_headers_ = nullptr;
    std::size_t owed_ = 0;
    std::uint64_t received_open_ = 0;

    TokenInUse token_;
    bool stream_limit_raised_ = false;
    std::int32_t highest_judged_ = 0;
    std::optional<std::int32_t> last_stream_;  // of our GOAWAY: what is above it is not processed
    bool going_away_announced_ = false;

    std::string output_;
    std::size_t output_sent_ = 0;
    bool blocked_ = false;
    bool fouled_ = false;
};

}  // namespace dispatcher::mock
