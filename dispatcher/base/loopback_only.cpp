#include "base/loopback_only.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace dispatcher {
namespace {

constexpr unsigned kLoopbackNet = 127;

std::atomic<bool> is_confined{false};

bool is_loopback(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address, sizeof v4);
        return ntohl(v4.sin_addr.s_addr) >> 24 == kLoopbackNet;
    }
    if (address.sa_family != AF_INET6) return false;
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    if (IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr)) return true;
    constexpr std::size_t kFirstOfMapped = 12;
    return IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) &&
           v6.sin6_addr.s6_addr[kFirstOfMapped] == kLoopbackNet;
}

}  // namespace

void confine_to_loopback() {
    is_confined = true;
}

void confine_as_environment_says() {
    if (std::getenv(kLoopbackOnlyVariable) != nullptr) confine_to_loopback();
}

bool may_connect(const sockaddr& address) {
    return !is_confined || is_loopback(address);
}

}  // namespace dispatcher
