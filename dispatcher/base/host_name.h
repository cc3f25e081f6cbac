#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dispatcher {

/// Whether a text can be a host in a URL: a name of the DNS (RFC 1123: at most 253 characters,
/// labels of 1 to 63; '_' is let pass), an IPv4 address, or an IPv6 address in brackets.
bool is_host(std::string_view text);

/// A port in decimal digits without leading zeros, from `least` to 65,535; nothing if it is none.
std::optional<std::uint16_t> parse_port(std::string_view text, std::uint16_t least = 1);

/// `host` or `host:port`, as it stands in a URL. Views into the text that it was read from.
struct Authority {
    std::string_view host;              ///< an IPv6 address in its brackets
    std::optional<std::uint16_t> port;  ///< nothing where none is written

    /// The host as a look-up takes it: without brackets.
    [[nodiscard]] std::string_view host_name() const;
};

/// Nothing if the host is none, or what is behind its colon is no port from `least_port` on.
std::optional<Authority> parse_authority(std::string_view text, std::uint16_t least_port = 1);

}  // namespace dispatcher
