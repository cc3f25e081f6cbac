#pragma once

#include <string_view>

namespace dispatcher {

/// Whether a text can be a host in a URL: a name of the DNS (RFC 1123: at most 253 characters,
/// labels of 1 to 63; '_' is let pass), an IPv4 address, or an IPv6 address in brackets.
bool is_host(std::string_view text);

}  // namespace dispatcher
