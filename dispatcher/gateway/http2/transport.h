#pragma once

#include <span>
#include <string>
#include <string_view>

#include "gateway/http2/endpoint.h"
#include "gateway/http2/host_lookup.h"
#include "gateway/http2/tls_context.h"

struct ssl_st;

namespace dispatcher::http2 {

/// One TCP connection, with TLS or without, that never blocks and never raises SIGPIPE. Outgoing
/// bytes are encrypted into one buffer, so that a whole batch costs one system call. One thread.
class Transport {
  public:
    enum class Stage { connecting, shaking_hands, open, ended };

    /// Starts to connect. `tls` is null for cleartext and must outlive the transport.
    Transport(const Address& address, const Endpoint& endpoint, const TlsContext* tls);
    ~Transport();
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;

    [[nodiscard]] int descriptor() const { return socket_; }
    [[nodiscard]] Stage stage() const { return stage_; }
    /// While open: HTTP/2 rather than HTTP/1.1 is spoken.
    [[nodiscard]] bool is_http2() const { return is_http2_; }
    /// Why it ended; empty after an orderly end by the peer.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

    /// Call first when the socket is readable or writable: goes on connecting and shaking hands.
    void advance();
    /// The bytes received now; empty when there are no more for now or the transport has ended.
    std::string_view read(std::span<char> scratch);
    /// Takes all of `plain`; nothing travels before flush(). Only while open.
    void write(std::string_view plain);
    /// Gives the kernel what it takes. What it refuses for good is dropped, but reading goes on:
    /// the peer's last words may still be in the socket.
    void flush();
    /// Bytes wait until the socket is writable again.
    [[nodiscard]] bool is_blocked() const { return sent_ < wire_.size(); }
    /// The kernel refused our bytes for good.
    [[nodiscard]] bool is_write_dead() const { return is_write_dead_; }
    [[nodiscard]] bool wants_writable() const {
        return stage_ == Stage::connecting || is_blocked();
    }

    /// For the TLS layer: bytes as they are on the wire.
    int receive_wire(char* buffer, std::size_t size);
    void append_wire(std::string_view bytes) { wire_.append(bytes); }

  private:
    void finish_connecting();
    void start_tls();
    void shake_hands();
    [[nodiscard]] bool agree_on_protocol();
    void end(std::string trouble);

    const Endpoint& endpoint_;
    const TlsContext* tls_;
    int socket_ = -1;
    ssl_st* ssl_ = nullptr;
    Stage stage_ = Stage::connecting;
    bool is_http2_ = false;
    std::string trouble_;
    std::string wire_;  ///< encrypted, not yet taken by the kernel from sent_ on
    std::size_t sent_ = 0;
    bool is_drained_ = false;  ///< the socket gave less than was asked for in this turn
    bool is_write_dead_ = false;
};

}  // namespace dispatcher::http2
