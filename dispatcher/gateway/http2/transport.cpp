#include "gateway/http2/transport.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/invariant.h"
#include "base/loopback_only.h"

namespace dispatcher::http2 {
namespace {

std::string error_text(int number) {
    return number != 0 ? std::strerror(number) : "closed by the gateway";
}

Transport* transport_of(BIO* bio) {
    return static_cast<Transport*>(BIO_get_data(bio));
}

int write_bio(BIO* bio, const char* bytes, int size) {
    transport_of(bio)->append_wire({bytes, static_cast<std::size_t>(size)});
    return size;
}

int read_bio(BIO* bio, char* buffer, int size) {
    BIO_clear_retry_flags(bio);
    const int count = transport_of(bio)->receive_wire(buffer, static_cast<std::size_t>(size));
    if (count < 0 && errno == EAGAIN) BIO_set_retry_read(bio);
    return count;
}

long control_bio(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/// OpenSSL's own socket BIO would raise SIGPIPE and write every record by itself.
const BIO_METHOD* wire_method() {
    static const BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
        BIO_meth_set_write(made, write_bio);
        BIO_meth_set_read(made, read_bio);
        BIO_meth_set_ctrl(made, control_bio);
        return made;
    }();
    return method;
}

bool is_address(const std::string& host) {
    in6_addr parsed{};
    return inet_pton(AF_INET, host.c_str(), &parsed) == 1 ||
           inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
}

/// Alerts by which a server says what it thinks of a client's certificate.
bool is_about_our_certificate(int reason) {
    constexpr std::array kAlerts = {
        SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,     SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
        SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
        SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, SSL_R_TLSV1_ALERT_UNKNOWN_CA,
        SSL_R_TLSV1_ALERT_ACCESS_DENIED,       SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
    };
    return std::find(kAlerts.begin(), kAlerts.end(), reason) != kAlerts.end();
}

/// What came was no TLS: most likely an answer in cleartext.
bool is_no_tls(int reason) {
    return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG;
}

std::string tls_trouble(const ssl_st* ssl) {
    const long verified = SSL_get_verify_result(ssl);
    if (verified != X509_V_OK) {
        ERR_clear_error();
        return std::string("the gateway's certificate is not trusted: ") +
               X509_verify_cert_error_string(verified);
    }
    const auto code = ERR_get_error();
    ERR_clear_error();
    const char* reason = ERR_reason_error_string(code);
    if (is_about_our_certificate(ERR_GET_REASON(code)))
        return std::string("the gateway refuses our certificate (") + reason +
               "): check cert_file and the environment";
    if (is_no_tls(ERR_GET_REASON(code)))
        return std::string("this port speaks no TLS: is it http:// instead of https://? (") +
               reason + ")";
    return reason != nullptr ? reason : "the connection was closed";
}

}  // namespace

Transport::Transport(const Address& address, const Endpoint& endpoint, const TlsContext* tls)
    : endpoint_(endpoint), tls_(tls) {
    const auto* target = reinterpret_cast<const sockaddr*>(&address.storage);
    if (!may_connect(*target)) {
        end("this process may reach nothing beyond this machine");
        return;
    }
    socket_ = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_ < 0) {
        end("cannot make a socket: " + error_text(errno));
        return;
    }
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket_, target, address.length) != 0 && errno != EINPROGRESS)
        end("cannot connect: " + error_text(errno));
}

Transport::~Transport() {
    if (ssl_ != nullptr && stage_ == Stage::open) {
        // Best effort, without waiting: tells the peer that nothing was cut off.
        SSL_shutdown(ssl_);
        flush();
    }
    SSL_free(ssl_);
    ERR_clear_error();
    if (socket_ >= 0) ::close(socket_);
}

void Transport::advance() {
    is_drained_ = false;
    if (stage_ == Stage::connecting) finish_connecting();
    if (stage_ == Stage::shaking_hands) shake_hands();
}

void Transport::finish_connecting() {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        end("cannot connect: " + error_text(error));
        return;
    }
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    if (getpeername(socket_, reinterpret_cast<sockaddr*>(&peer), &length) != 0) return;
    if (tls_ == nullptr) {
        is_http2_ = endpoint_.protocols == Protocols::http2;
        stage_ = Stage::open;
        return;
    }
    start_tls();
}

void Transport::start_tls() {
    ssl_ = SSL_new(tls_->get());
    invariant(ssl_ != nullptr, "OpenSSL gives a connection");
    BIO* bio = BIO_new(wire_method());
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_connect_state(ssl_);
    const char* host = endpoint_.host.c_str();
    if (is_address(endpoint_.host)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), host);
    } else {
        SSL_set_tlsext_host_name(ssl_, host);
        SSL_set1_host(ssl_, host);
        SSL_set_hostflags(ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    }
    stage_ = Stage::shaking_hands;
}

void Transport::shake_hands() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    flush();
    if (result != 1) {
        const int error = SSL_get_error(ssl_, result);
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
        end("TLS: " + tls_trouble(ssl_));
        return;
    }
    if (agree_on_protocol())
        stage_ = Stage::open;
    else
        end("the gateway does not speak HTTP/2 (it did not choose h2)");
}

bool Transport::agree_on_protocol() {
    const unsigned char* chosen = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(ssl_, &chosen, &length);
    is_http2_ = length == 2 && std::memcmp(chosen, "h2", 2) == 0;
    return is_http2_ || endpoint_.protocols != Protocols::http2;
}

int Transport::receive_wire(char* buffer, std::size_t size) {
    if (is_drained_) {
        errno = EAGAIN;
        return -1;
    }
    const auto count = ::recv(socket_, buffer, size, 0);
    is_drained_ = count < static_cast<ssize_t>(size);
    return static_cast<int>(count);
}

std::string_view Transport::read(std::span<char> scratch) {
    if (stage_ != Stage::open) return {};
    if (ssl_ == nullptr) {
        const int count = receive_wire(scratch.data(), scratch.size());
        if (count > 0) return {scratch.data(), static_cast<std::size_t>(count)};
        if (count == 0) end({});
        if (count < 0 && errno != EAGAIN) end("the connection broke: " + error_text(errno));
        return {};
    }
    ERR_clear_error();
    errno = 0;
    const int count = SSL_read(ssl_, scratch.data(), static_cast<int>(scratch.size()));
    if (count > 0) return {scratch.data(), static_cast<std::size_t>(count)};
    const int broken = errno;
    switch (SSL_get_error(ssl_, count)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            break;
        case SSL_ERROR_ZERO_RETURN:
            end({});
            break;
        case SSL_ERROR_SYSCALL:
            end("the connection broke: " + error_text(broken));
            break;
        default:
            end("TLS: " + tls_trouble(ssl_));
    }
    return {};
}

void Transport::write(std::string_view plain) {
    if (is_write_dead_) return;
    if (ssl_ == nullptr) {
        wire_.append(plain);
        return;
    }
    while (!plain.empty()) {
        ERR_clear_error();
        const int count = SSL_write(ssl_, plain.data(), static_cast<int>(plain.size()));
        if (count <= 0) {
            // The wire takes everything, so only a broken TLS state gets here.
            is_write_dead_ = true;
            ERR_clear_error();
            return;
        }
        plain.remove_prefix(static_cast<std::size_t>(count));
    }
}

void Transport::flush() {
    while (is_blocked() && !is_write_dead_) {
        const auto count =
            ::send(socket_, wire_.data() + sent_, wire_.size() - sent_, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (count < 0) {
            is_write_dead_ = true;
            break;
        }
        sent_ += static_cast<std::size_t>(count);
    }
    wire_.clear();
    sent_ = 0;
}

void Transport::end(std::string trouble) {
    stage_ = Stage::ended;
    trouble_ = std::move(trouble);
}

}  // namespace dispatcher::http2
