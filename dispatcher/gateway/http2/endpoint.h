#pragma once

#include <cstdint>
#include <string>

namespace dispatcher::http2 {

/// Where a gateway listens: `https://host[:port]`, or `http://host[:port]` for cleartext HTTP/2
/// with prior knowledge.
struct Endpoint {
    bool is_tls = true;
    std::string host;  ///< name or address, an IPv6 address without brackets
    std::uint16_t port = 443;
    std::string authority;  ///< as the request says it: the port only where it is not the default

    /// Throws ConfigError at `where` for another scheme, a path, or an impossible port.
    static Endpoint parse(const std::string& url, const std::string& where);

    [[nodiscard]] std::string scheme() const { return is_tls ? "https" : "http"; }
};

}  // namespace dispatcher::http2
