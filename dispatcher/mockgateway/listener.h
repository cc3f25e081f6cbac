#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace dispatcher::mock {

/// A listening TCP socket that never blocks.
class Listener {
  public:
    /// `address`: HOST:PORT with a numeric host, [HOST]:PORT for IPv6. Throws ConfigError if it is
    /// none, UnavailableError if it cannot be bound.
    explicit Listener(const std::string& address);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// A connection that waits, as a socket that the caller owns; nothing if none does. Throws
    /// UnavailableError when this process may open no more files.
    std::optional<int> accept();

    [[nodiscard]] int socket() const { return socket_; }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// As in a URL: an IPv6 address in brackets.
    [[nodiscard]] const std::string& host() const { return host_; }

  private:
    int socket_ = -1;
    std::uint16_t port_ = 0;
    std::string host_;
};

}  // namespace dispatcher::mock
