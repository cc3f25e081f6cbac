#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "mockgateway/protocol.h"
#include "mockgateway/transport.h"

namespace dispatcher::mock {

/// One accepted connection: moves the bytes between its socket and the HTTP that its first bytes
/// show, and ends as that says. What take_input() decides is only sent by send_output(), so that
/// the ledger can be written in between. One thread.
class Connection {
  public:
    Connection(std::unique_ptr<Transport> transport, const Surroundings& surroundings);
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
    enum class Phase : std::uint8_t {
        serving,
        lingering,  ///< our direction is closed; input is read and dropped
        ended,
    };

    void receive(std::string_view bytes);
    bool flush();
    void finish(bool politely);

    const std::unique_ptr<Transport> transport_;
    const Surroundings surroundings_;
    std::string opening_;  // what came before the protocol was known
    std::unique_ptr<Protocol> protocol_;
    Phase phase_ = Phase::serving;

    std::string output_;
    std::size_t output_sent_ = 0;
    bool blocked_ = false;
    bool fouled_ = false;
};

}  // namespace dispatcher::mock
