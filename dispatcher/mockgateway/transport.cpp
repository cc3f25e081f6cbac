#include "mockgateway/transport.h"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/invariant.h"

namespace dispatcher::mock {
namespace {

SSL* start_tls(SSL_CTX* context, int socket) {
    if (context == nullptr) return nullptr;
    SSL* const tls = SSL_new(context);
    invariant(tls != nullptr && SSL_set_fd(tls, socket) == 1, "a TLS connection can be made");
    SSL_set_accept_state(tls);
    return tls;
}

int bounded(std::size_t bytes) {
    return static_cast<int>(std::min<std::size_t>(bytes, INT_MAX));
}

Transport::Moved after_call(ssize_t result) {
    if (result > 0) return {Transport::State::moved, static_cast<std::size_t>(result)};
    if (result < 0 && (errno == EAGAIN || errno == EINTR)) return {Transport::State::blocked, 0};
    return {Transport::State::ended, 0};
}

}  // namespace

Transport::Transport(int socket, ssl_ctx_st* tls) : socket_(socket), tls_(start_tls(tls, socket)) {}

Transport::~Transport() {
    SSL_free(tls_);
    ::close(socket_);
}

Transport::Moved Transport::read(std::span<std::uint8_t> into) {
    if (tls_ == nullptr) return after_call(::recv(socket_, into.data(), into.size(), 0));
    ERR_clear_error();
    return after_tls(SSL_read(tls_, into.data(), bounded(into.size())));
}

Transport::Moved Transport::write(std::span<const std::uint8_t> from) {
    if (tls_ == nullptr) return after_call(::send(socket_, from.data(), from.size(), MSG_NOSIGNAL));
    ERR_clear_error();
    return after_tls(SSL_write(tls_, from.data(), bounded(from.size())));
}

Transport::Moved Transport::after_tls(int result) {
    wants_write_ = false;
    if (result > 0) return {State::moved, static_cast<std::size_t>(result)};
    switch (SSL_get_error(tls_, result)) {
        case SSL_ERROR_WANT_WRITE:
            wants_write_ = true;
            [[fallthrough]];
        case SSL_ERROR_WANT_READ:
            return {State::blocked, 0};
        default:
            return {State::ended, 0};
    }
}

void Transport::finish_writing(bool politely) {
    if (tls_ != nullptr && politely) {
        ERR_clear_error();
        SSL_shutdown(tls_);
    }
    ::shutdown(socket_, SHUT_WR);
}

bool Transport::has_client_certificate() const {
    // One that is not good ends the handshake.
    return tls_ != nullptr && SSL_get0_peer_certificate(tls_) != nullptr;
}

void Transport::reset_on_close() {
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace dispatcher::mock
