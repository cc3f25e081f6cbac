#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http2/stream.h"

namespace dispatcher::http2 {

/// Port: the client side of one connection's protocol: requests and bytes in, bytes and what became
/// of each request out. Knows no sockets and no time. One thread.
class Session {
  public:
    virtual ~Session() = default;

    /// Queues a request; its stream must stay in place until it is in ended(). False, and nothing
    /// was queued, if this connection takes no further one.
    [[nodiscard]] virtual bool submit(Stream& stream, const Fields& fields) = 0;
    /// Gives a stream up. It is in ended() once that is done: one that was not framed never will
    /// be.
    virtual void cancel(Stream& stream) = 0;
    /// Says goodbye: nothing more is sent after the bytes that collect() gives next.
    virtual void terminate() = 0;

    /// Takes what the peer sent. False: it is not this protocol, the connection is of no more use.
    [[nodiscard]] virtual bool receive(std::string_view bytes) = 0;
    /// Appends bytes until `out` holds `limit` of them (the last piece may exceed it) or nothing
    /// waits. From then on these requests count as framed. False: the connection is of no more use.
    [[nodiscard]] virtual bool collect(std::string& out, std::size_t limit) = 0;
    /// The connection ends now: every stream that is still open is in ended() afterwards.
    virtual void abandon(const std::vector<Stream*>& open) = 0;

    /// Streams that ended; whoever handles them clears it.
    std::vector<Stream*>& ended() { return ended_; }

    /// Requests may be submitted.
    [[nodiscard]] virtual bool is_ready() const = 0;
    /// The peer closes in an orderly way, or either side gave the connection up: no new streams.
    [[nodiscard]] virtual bool is_leaving() const = 0;
    /// Nothing to read or write any more.
    [[nodiscard]] virtual bool is_finished() const = 0;
    /// How many streams may be open at once.
    [[nodiscard]] virtual std::uint32_t streams_max() const = 0;
    /// The peer took back what it had said about which requests it would not process: none of it
    /// proves anything.
    [[nodiscard]] virtual bool has_contradicted_itself() const { return false; }

    /// Quieter than this, a connection must answer a ping before it is used, or, without pings, is
    /// not used any more.
    [[nodiscard]] virtual std::chrono::nanoseconds quiet_max() const = 0;
    [[nodiscard]] virtual bool has_pings() const { return false; }
    virtual void send_ping() {}
    /// Pings of ours that were answered.
    [[nodiscard]] virtual std::uint64_t pongs() const { return 0; }

  protected:
    void end(Stream& stream, StreamEnd how) {
        stream.end = how;
        ended_.push_back(&stream);
    }

  private:
    std::vector<Stream*> ended_;
};

}  // namespace dispatcher::http2
