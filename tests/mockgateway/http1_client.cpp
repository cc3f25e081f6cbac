#include "mockgateway/http1_client.h"

#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dispatcher::test {

Http1Client::Http1Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("cannot connect");
}

Http1Client::~Http1Client() {
    ::close(socket_);
}

void Http1Client::say(std::string_view bytes) const {
    while (!bytes.empty()) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

std::string Http1Client::hear() {
    constexpr std::string_view kLength = "content-length: ";
    while (true) {
        const auto end = heard_.find("\r\n\r\n");
        if (end != std::string::npos) {
            const auto at = heard_.find(kLength);
            const auto length = at < end ? std::stoul(heard_.substr(at + kLength.size())) : 0;
            const auto whole = end + 4 + length;
            if (heard_.size() >= whole) {
                auto answer = heard_.substr(0, whole);
                heard_.erase(0, whole);
                return answer;
            }
        }
        if (!read_more()) return {};
    }
}

std::string Http1Client::hear_out() {
    while (read_more()) {
    }
    return std::exchange(heard_, {});
}

bool Http1Client::read_more() {
    std::array<char, 65'536> buffer{};
    const auto bytes = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (bytes < 0 && errno == EAGAIN) throw std::runtime_error("nothing came for 20 s");
    was_reset_ = bytes < 0 && errno == ECONNRESET;
    if (bytes <= 0) return false;
    heard_.append(buffer.data(), static_cast<std::size_t>(bytes));
    return true;
}

}  // namespace dispatcher::test
