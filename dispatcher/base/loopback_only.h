#pragma once

struct sockaddr;

namespace dispatcher {

/// In the environment of a process, with any value: it confines itself to loopback as it starts,
/// and so does every process that it starts.
inline constexpr const char* kLoopbackOnlyVariable = "PUSHONCE_LOOPBACK_ONLY";

/// From now on this process connects to no gateway beyond this machine, whatever it is told. There
/// is no way back. Thread-safe.
void confine_to_loopback();
/// The same if kLoopbackOnlyVariable is set.
void confine_as_environment_says();

/// Asked before every connection to a gateway: whether it may be begun. Thread-safe.
bool may_connect(const sockaddr& address);

}  // namespace dispatcher
