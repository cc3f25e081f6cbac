#pragma once

#include <cstdint>
#include <string>

namespace dispatcher::http2 {

/// What may be spoken to a gateway. With TLS, `any` takes what the server chooses (ALPN), HTTP/2
/// where it can, and HTTP/1.1 from one that chooses nothing. In cleartext nobody chooses: `any` is
/// HTTP/1.1, and http2 is spoken with prior knowledge.
enum class Protocols : std::uint8_t { http2, http1, any };

/// Where a gateway listens: `https://host[:port]`, or `http://host[:port]` for cleartext.
struct Endpoint {
    bool is_tls = true;
    std::string host;  ///< name or address, an IPv6 address without brackets
    std::uint16_t port = 443;
    std::string authority;  ///< as the request says it: the port only where it is not the default
    Protocols protocols = Protocols::http2;

    /// Throws ConfigError at `where` for another scheme, a path, or an impossible port.
    static Endpoint parse(const std::string& url, const std::string& where);

    [[nodiscard]] std::string scheme() const { return is_tls ? "https" : "http"; }
    /// https://host[:port]
    [[nodiscard]] std::string origin() const { return scheme() + "://" + authority; }
};

}  // namespace dispatcher::http2
