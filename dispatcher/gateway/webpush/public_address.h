#pragma once

#include <sys/socket.h>

namespace dispatcher::webpush {

/// Whether an address is one of the public Internet. Endpoints come from devices: whoever can make
/// us connect to loopback, a private network or a cloud's metadata service has a foot in our door.
/// What is not known to be public is not: special-purpose addresses (RFC 6890 and its registries)
/// are not, and of those that embed an IPv4 address only NAT64's can be, if that one is.
bool is_public(const sockaddr_storage& address);

}  // namespace dispatcher::webpush
