#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/recycled_memory.h"
#include "mockgateway/protocol.h"

struct nghttp2_session;

namespace dispatcher::mock {

/// HTTP/2, server side.
class Http2Protocol final : public Protocol {
  public:
    explicit Http2Protocol(const Surroundings& surroundings);
    ~Http2Protocol() override;
    Http2Protocol(const Http2Protocol&) = delete;
    Http2Protocol& operator=(const Http2Protocol&) = delete;

    void receive(std::string_view bytes) override;
    void take_due(std::int32_t stream) override;
    void fill(std::string& out, std::size_t limit) override;
    [[nodiscard]] End end() const override;

  private:
    friend struct SessionCallbacks;

    /// One request and its answer, reused; its strings live until the stream is closed.
    struct Exchange {
        Request request;
        Answer answer;
        Verdict verdict;
        std::size_t body_sent = 0;
        std::int32_t stream = 0;
        bool received = false;
        bool owed = false;  ///< an answer, so that draining must wait for it
    };

    void submit_stream_limit(std::uint32_t streams);
    Exchange* open_exchange(std::int32_t stream);
    void close_exchange(Exchange& exchange);
    void take_request(Exchange& exchange);
    void carry_out(Exchange& exchange);
    void respond(Exchange& exchange);
    void reset(const Exchange& exchange, std::uint32_t code);
    void release_from_debt(Exchange& exchange);
    void go_away(std::int32_t last_stream);
    void announce_going_away();

    const Surroundings around_;
    RecycledMemory memory_;  // the session's: ends after it
    nghttp2_session* session_ = nullptr;
    End end_ = End::none;
    bool draining_ = false;  // GOAWAY said; what is owed is still answered

    std::vector<std::unique_ptr<Exchange>> exchanges_;  // all ever made: bounded by open streams
    std::vector<Exchange*> idle_;
    Exchange* reading_headers_ = nullptr;
    std::size_t owed_ = 0;
    std::uint64_t received_open_ = 0;

    ConnectionMemory roles_memory_;
    bool stream_limit_raised_ = false;
    std::int32_t highest_judged_ = 0;
    std::optional<std::int32_t> last_stream_;  // of our GOAWAY: what is above it is not processed
    bool going_away_announced_ = false;
};

}  // namespace dispatcher::mock
