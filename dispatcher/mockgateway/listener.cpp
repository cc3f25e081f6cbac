#include "mockgateway/listener.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/host_name.h"

namespace dispatcher::mock {
namespace {

constexpr int kBacklog = 511;
constexpr std::uint16_t kAnyFree = 0;

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Addresses look_up(const std::string& address, const std::string& host, const std::string& port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    addrinfo* found = nullptr;
    if (host.empty() || !parse_port(port, kAnyFree) ||
        ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0)
        throw ConfigError("--listen " + address,
                          "is no HOST:PORT with a numeric host, such as 127.0.0.1:2197");
    return {found, freeaddrinfo};
}

std::string without_brackets(const std::string& host) {
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    return bracketed ? host.substr(1, host.size() - 2) : host;
}

std::uint16_t bound_port(int socket) {
    sockaddr_storage bound{};
    socklen_t bytes = sizeof bound;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &bytes);
    if (bound.ss_family == AF_INET6)
        return ntohs(reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port);
    return ntohs(reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
}

}  // namespace

Listener::Listener(const std::string& address) {
    const auto colon = address.rfind(':');
    host_ = colon == std::string::npos ? std::string() : address.substr(0, colon);
    const auto addresses =
        look_up(address, without_brackets(host_),
                colon == std::string::npos ? std::string() : address.substr(colon + 1));
    socket_ = ::socket(addresses->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    // A restarted mock gateway takes the same port although old connections still fade out.
    ::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (socket_ < 0 || ::bind(socket_, addresses->ai_addr, addresses->ai_addrlen) != 0 ||
        ::listen(socket_, kBacklog) != 0) {
        const std::string why = std::strerror(errno);
        if (socket_ >= 0) ::close(socket_);
        throw UnavailableError("cannot listen on " + address + ": " + why +
                               "; --listen takes another address");
    }
    port_ = bound_port(socket_);
}

Listener::~Listener() {
    ::close(socket_);
}

std::optional<int> Listener::accept() {
    const int socket = ::accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0 && (errno == EMFILE || errno == ENFILE))
        throw UnavailableError("no more files may be opened: raise `ulimit -n`");
    if (socket < 0) return std::nullopt;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return socket;
}

}  // namespace dispatcher::mock
