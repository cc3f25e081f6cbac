#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "gateway/http2/service.h"
#include "gateway/http2/session.h"
#include "gateway/http2/transport.h"

namespace dispatcher::http2 {

/// Buffers that the connections of one gateway take turns with.
struct Scratch {
    std::array<char, 65'536> received;
    std::string frames;
};

/// One connection, of HTTP/2 or HTTP/1.1, from connect() to its end, and whether it may be trusted
/// with another request. One thread.
class Connection {
  public:
    struct Limits {
        std::size_t in_flight = 1000;           ///< streams open at once, ours
        std::chrono::nanoseconds drain_time{};  ///< from drain() to the end, at most
    };
    /// Connect, TLS and, with HTTP/2, SETTINGS together.
    static constexpr std::chrono::seconds kOpeningMax{10};
    static constexpr std::chrono::seconds kPingMax{10};

    enum class Stage { opening, ready, draining, closed };

    /// `limits` may change at any time, and outlives it.
    Connection(const Address& address, const Endpoint& endpoint, const TlsContext* tls,
               const Limits& limits, Scratch& scratch, BootTime now);

    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    [[nodiscard]] Stage stage() const { return stage_; }
    [[nodiscard]] BootTime opened_at() const { return opened_at_; }
    [[nodiscard]] int descriptor() const { return transport_.descriptor(); }
    [[nodiscard]] bool wants_writable() const { return transport_.wants_writable(); }
    /// We closed it because nothing went over it, while it was in order.
    [[nodiscard]] bool is_retired() const { return is_retired_; }
    /// It carries one request at a time, whatever its limits: HTTP/1.1. False until that is known.
    [[nodiscard]] bool is_single_file() const { return session_ && !session_->has_pings(); }
    /// Why it closed; empty after an orderly end.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

    /// How many requests would be framed at once. `is_cold_limited`: one only, until a reply proves
    /// our credentials.
    [[nodiscard]] std::size_t room(BootTime now, bool is_cold_limited) const;
    /// False: no stream ids are left, nothing was queued, and the connection drains.
    [[nodiscard]] bool submit(Stream& stream, const Fields& fields, BootTime now);
    void cancel(Stream& stream) { session_->cancel(stream); }
    /// Writes what was submitted, as far as the kernel takes it.
    void flush();

    /// The socket is readable or writable, or is_unfinished().
    void turn(BootTime now);
    /// Received bytes wait in the TLS layer, where no socket event tells of them.
    [[nodiscard]] bool is_unfinished() const { return is_unfinished_; }
    /// Acts on what is overdue at `now`.
    void tick(BootTime now);
    [[nodiscard]] BootTime next_tick() const;

    /// Opens nothing more, reads on, and closes when nothing is open or after the drain time.
    void drain(BootTime now);
    /// Closes at once.
    void close(std::string trouble);
    /// An answer took too long: not to be used until a PING is answered, unless it was heard of
    /// since `sent_at`.
    void suspect(BootTime sent_at, BootTime now);

    /// Requests that still wait in time.
    [[nodiscard]] std::size_t open_in_time() const { return open_ - std::min(open_, lingering); }
    [[nodiscard]] bool is_only_read() const { return open_in_time() == 0; }

    /// Streams that the server lets us open at once; nothing while that is not known.
    [[nodiscard]] std::optional<std::size_t> streams_offered() const {
        if (stage_ != Stage::ready) return std::nullopt;
        return session_->streams_max();
    }
    /// Streams that are only read for take up so much that a new connection is the better place.
    [[nodiscard]] bool lingers_too_much(bool is_cold_limited) const;

    /// After it closed: `open` are its streams that did not end; they are in ended() afterwards.
    void abandon(const std::vector<Stream*>& open) {
        if (session_) session_->abandon(open);
    }
    /// Ready, draining or closed.
    template <class Handle>
    void take_ended(Handle&& handle) {
        if (!session_) return;
        for (Stream* stream : session_->ended())
            handle(*stream);
        session_->ended().clear();
    }
    /// One of ended() was handled.
    void forget_stream() { --open_; }
    [[nodiscard]] std::size_t open_streams() const { return open_; }
    [[nodiscard]] bool has_contradicted_itself() const {
        return session_->has_contradicted_itself();
    }

    HeaderMemory memory;        ///< the service's
    bool is_warm = false;       ///< a reply proved our credentials
    bool has_replied = false;   ///< a reply came: the gateway works
    std::size_t lingering = 0;  ///< streams that are answered `unknown` and still read for

  private:
    [[nodiscard]] std::size_t streams_max(bool is_cold_limited) const;
    void begin(BootTime now);
    [[nodiscard]] bool is_quiet(BootTime now) const;
    void read_all(BootTime now);
    void check_end();
    void start_ping(BootTime now);
    void retire();

    const Limits& limits_;
    Scratch& scratch_;
    Transport transport_;
    std::unique_ptr<Session> session_;  ///< from the moment that bytes may travel
    Stage stage_ = Stage::opening;
    std::string trouble_;
    BootTime opened_at_;
    BootTime deadline_;  ///< of opening or draining
    BootTime heard_at_;
    BootTime ping_deadline_{};
    std::uint64_t pings_ = 0;
    std::size_t open_ = 0;
    bool is_unfinished_ = false;
    bool is_retired_ = false;
};

}  // namespace dispatcher::http2
