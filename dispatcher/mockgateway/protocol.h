#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "mockgateway/delay_queue.h"
#include "mockgateway/service.h"

namespace dispatcher::mock {

/// Settings of every connection.
struct ConnectionOptions {
    std::uint32_t streams = 1000;     ///< open at once, at most (HTTP/2)
    std::uint32_t first_streams = 1;  ///< until the first accepted notification
    std::chrono::milliseconds latency{0};
    bool cleartext = false;
    bool http1_only = false;
};

/// What a protocol knows of the connection that it serves; all of it outlives the protocol.
struct Surroundings {
    std::uint64_t connection = 0;  ///< its number in ledger and delays
    Service& service;
    DelayQueue& delays;
    const ConnectionOptions& options;
    /// The client showed a certificate, and an authority that we trust had signed it.
    bool has_client_certificate = false;
};

/// Port: the version of HTTP that a connection's client speaks. Bytes in, bytes out; has requests
/// judged and makes their answers or faults. Knows no sockets. One thread.
class Protocol {
  public:
    /// How the connection is to end, once everything that fill() gave is written.
    enum class End : std::uint8_t {
        none,
        polite,   ///< our direction closes in good order
        cut,      ///< the socket closes
        reset,    ///< the socket closes with RST
        garbage,  ///< bytes that are no HTTP, then our direction closes
    };

    virtual ~Protocol() = default;

    virtual void receive(std::string_view bytes) = 0;
    /// The delay of this stream's answer has ended.
    virtual void take_due(std::int32_t stream) = 0;
    /// Appends what there is to say, until `out` holds `limit` bytes.
    virtual void fill(std::string& out, std::size_t limit) = 0;
    /// Asked when fill() has nothing more to give.
    [[nodiscard]] virtual End end() const = 0;
};

}  // namespace dispatcher::mock
