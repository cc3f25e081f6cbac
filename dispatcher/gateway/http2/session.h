#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/recycled_memory.h"
#include "gateway/http2/stream.h"

struct nghttp2_session;

namespace dispatcher::http2 {

/// The HTTP/2 client side of one connection: bytes in, bytes out, and what became of each stream.
/// Knows no sockets and no time. The only code that knows nghttp2. One thread.
class Session {
  public:
    Session();
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Queues a request; its stream must stay in place until it is in ended(). False, and nothing
    /// was queued, if the connection has no stream ids left.
    [[nodiscard]] bool submit(Stream& stream, const Fields& fields);
    /// Gives a stream up. It is in ended() once that is done: one that was not framed never will
    /// be.
    void cancel(const Stream& stream);
    void send_ping();
    /// Says goodbye: nothing more is sent after the frames that collect() gives next.
    void terminate();

    /// Takes what the peer sent. False: it is no HTTP/2, the connection is of no more use.
    [[nodiscard]] bool receive(std::string_view bytes);
    /// Appends frames until `out` holds `limit` bytes or nothing waits. From then on these requests
    /// count as framed. False: the connection is of no more use.
    [[nodiscard]] bool collect(std::string& out, std::size_t limit);
    /// The connection ends now: every stream that is still open is in ended() afterwards.
    void abandon(const std::vector<Stream*>& open);

    /// Streams that ended; whoever handles them clears it.
    std::vector<Stream*>& ended() { return ended_; }

    /// The peer's SETTINGS arrived.
    [[nodiscard]] bool is_ready() const { return is_ready_; }
    /// The peer sent a GOAWAY, or either side gave the connection up: no new streams.
    [[nodiscard]] bool is_leaving() const { return last_id_.has_value() || is_broken_; }
    /// The peer sent a GOAWAY with a higher id than before: none of them proves anything.
    [[nodiscard]] bool has_contradicted_itself() const { return has_contradicted_itself_; }
    /// Nothing to read or write any more.
    [[nodiscard]] bool is_finished() const;
    /// How many streams the peer allows at once.
    [[nodiscard]] std::uint32_t streams_max() const;
    /// PINGs of ours that were answered.
    [[nodiscard]] std::uint64_t pongs() const { return pongs_; }

  private:
    friend struct SessionCallbacks;
    void end(Stream& stream, StreamEnd how);
    [[nodiscard]] StreamEnd how_closed(const Stream& stream, std::uint32_t code) const;

    RecycledMemory memory_;  // ends last
    nghttp2_session* session_ = nullptr;
    /// Submitted and not yet framed, in the order in which nghttp2 frames them: from unframed_at_.
    std::vector<Stream*> unframed_;
    std::size_t unframed_at_ = 0;
    std::vector<Stream*> ended_;
    Stream* receiving_ = nullptr;  ///< whose response headers are being read
    std::optional<std::int32_t> last_id_;
    std::uint64_t pongs_ = 0;
    bool is_ready_ = false;
    bool is_broken_ = false;
    bool has_contradicted_itself_ = false;
};

}  // namespace dispatcher::http2
