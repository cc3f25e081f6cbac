#include "scripted_listener.h"

#include <array>
#include <csignal>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dispatcher::test {
namespace {

int choose(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char*, unsigned,
           void* protocol) {
    if (protocol == nullptr) return SSL_TLSEXT_ERR_NOACK;
    *out = static_cast<const unsigned char*>(protocol);
    *out_size = static_cast<unsigned char>(std::strlen(static_cast<const char*>(protocol)));
    return SSL_TLSEXT_ERR_OK;
}

SSL_CTX* server_context(const TestCertificate& certificate, const char* protocol) {
    auto* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, certificate.certificate());
    SSL_CTX_use_PrivateKey(context, certificate.key());
    SSL_CTX_set_alpn_select_cb(context, choose, const_cast<char*>(protocol));
    return context;
}

}  // namespace

ScriptedListener::ScriptedListener(const TestCertificate* certificate, const char* protocol,
                                   int socket_flags, std::function<void(int socket)> accept)
    : accept_(std::move(accept)), socket_flags_(socket_flags | SOCK_CLOEXEC) {
    if (certificate != nullptr) tls_ = server_context(*certificate, protocol);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 64) != 0)
        throw std::runtime_error("the scripted server cannot listen");
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    stop_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    thread_ = std::thread([this] { accept_all(); });
}

ScriptedListener::~ScriptedListener() {
    stop();
    ::close(listener_);
    ::close(stop_);
    SSL_CTX_free(tls_);
}

void ScriptedListener::stop() {
    eventfd_write(stop_, 1);
    if (thread_.joinable()) thread_.join();
}

void ScriptedListener::accept_all() const {
    for (;;) {
        std::array<pollfd, 2> fds{pollfd{listener_, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
        ::poll(fds.data(), fds.size(), -1);
        if (fds[1].revents != 0) return;
        const int socket = ::accept4(listener_, nullptr, nullptr, socket_flags_);
        if (socket < 0) continue;
        const int on = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        accept_(socket);
    }
}

std::string ScriptedListener::endpoint() const {
    return (tls_ != nullptr ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_);
}

void block_broken_pipe_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace dispatcher::test
