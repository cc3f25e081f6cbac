#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dispatcher::test {

/// One TCP connection to 127.0.0.1 that says what it is told, byte for byte.
class Http1Client {
  public:
    explicit Http1Client(std::uint16_t port);
    ~Http1Client();
    Http1Client(const Http1Client&) = delete;
    Http1Client& operator=(const Http1Client&) = delete;

    void say(std::string_view bytes) const;
    /// Reads one whole answer: head and a body by its content-length. Empty if the connection ends
    /// before its head does.
    std::string hear();
    /// Reads until the peer closes.
    std::string hear_out();
    /// The last read ended with a reset and not in good order.
    [[nodiscard]] bool was_reset() const { return was_reset_; }

  private:
    bool read_more();

    int socket_ = -1;
    std::string heard_;
    bool was_reset_ = false;
};

}  // namespace dispatcher::test
