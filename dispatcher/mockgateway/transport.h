#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

struct ssl_st;
struct ssl_ctx_st;

namespace dispatcher::mock {

/// The bytes of one accepted TCP connection, through TLS or in the clear; never blocks. Owns the
/// socket. One thread.
class Transport {
  public:
    enum class State : std::uint8_t { moved, blocked, ended };
    struct Moved {
        State state = State::ended;
        std::size_t bytes = 0;
    };

    /// Takes the socket over; without a context the connection is in the clear.
    Transport(int socket, ssl_ctx_st* tls);
    ~Transport();
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;

    Moved read(std::span<std::uint8_t> into);
    Moved write(std::span<const std::uint8_t> from);
    /// Ends our direction; the peer's stays open. `politely`: with TLS' own farewell.
    void finish_writing(bool politely);
    /// Once bytes were read: the client showed a certificate, and it was found good.
    [[nodiscard]] bool has_client_certificate() const;
    /// From now on, closing the socket is a TCP reset.
    void reset_on_close();
    /// Whether TLS itself waits for the socket to take bytes (in the handshake).
    [[nodiscard]] bool wants_write() const { return wants_write_; }
    [[nodiscard]] int socket() const { return socket_; }

  private:
    Moved after_tls(int result);

    const int socket_;
    ssl_st* const tls_;
    bool wants_write_ = false;
};

}  // namespace dispatcher::mock
