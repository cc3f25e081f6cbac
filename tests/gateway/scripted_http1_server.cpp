#include "scripted_http1_server.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dispatcher::test {
namespace {

constexpr std::size_t kReadBytes = 65'536;

/// Takes a whole request off the front of `bytes`; false if it is not whole yet.
bool take_request(std::string& bytes, SeenRequest& request) {
    const auto head_end = bytes.find("\r\n\r\n");
    if (head_end == std::string::npos) return false;
    request.headers.clear();
    std::size_t at = bytes.find("\r\n");
    const auto line = bytes.substr(0, at);
    const auto path_at = line.find(' ') + 1;
    request.headers[":method"] = line.substr(0, path_at - 1);
    request.headers[":path"] = line.substr(path_at, line.rfind(' ') - path_at);
    request.headers[":version"] = line.substr(line.rfind(' ') + 1);
    while (at < head_end) {
        const auto start = at + 2;
        at = bytes.find("\r\n", start);
        const auto colon = bytes.find(": ", start);
        request.headers[bytes.substr(start, colon - start)] =
            bytes.substr(colon + 2, at - colon - 2);
    }
    const auto length = std::stoul(request.headers.at("content-length"));
    if (bytes.size() < head_end + 4 + length) return false;
    request.body = bytes.substr(head_end + 4, length);
    bytes.erase(0, head_end + 4 + length);
    return true;
}

int choose_http1(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char*,
                 unsigned, void*) {
    static constexpr unsigned char kName[] = "http/1.1";
    *out = kName;
    *out_size = sizeof kName - 1;
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

class ScriptedHttp1Server::Link final : public Http1Peer {
  public:
    Link(ScriptedHttp1Server& server, int socket, int number)
        : server_(server), socket_(socket), number_(number) {
        thread_ = std::thread([this] { serve(); });
    }
    ~Link() override {
        ::shutdown(socket_, SHUT_RDWR);
        thread_.join();
        SSL_free(ssl_);
        ::close(socket_);
    }

    void reply(unsigned status, const std::string& body, const std::string& more) override {
        say("HTTP/1.1 " + std::to_string(status) + " as told\r\n" + more +
            "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    }

    void say(std::string_view bytes) override {
        const auto count = ssl_ != nullptr
                               ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                               : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        static_cast<void>(count);
    }

    void close() override {
        if (ssl_ != nullptr) SSL_shutdown(ssl_);
        ::shutdown(socket_, SHUT_WR);
        is_closed_ = true;
    }

  private:
    /// Plan: read, and run the script for each whole request, until either side has had enough.
    void serve() {
        // Of this thread only: the client under test must do without.
        sigset_t signals;
        sigemptyset(&signals);
        sigaddset(&signals, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &signals, nullptr);
        if (server_.tls_ != nullptr) {
            ssl_ = SSL_new(static_cast<SSL_CTX*>(server_.tls_));
            SSL_set_fd(ssl_, socket_);
            if (SSL_accept(ssl_) != 1) return ERR_clear_error();
        }
        std::string bytes;
        SeenRequest request;
        request.connection = number_;
        while (!is_closed_) {
            std::string more(kReadBytes, '\0');
            const auto count = ssl_ != nullptr
                                   ? SSL_read(ssl_, more.data(), static_cast<int>(more.size()))
                                   : ::recv(socket_, more.data(), more.size(), 0);
            if (count <= 0) break;
            bytes.append(more, 0, static_cast<std::size_t>(count));
            while (!is_closed_ && take_request(bytes, request)) {
                ++request.number;
                {
                    const std::lock_guard lock(server_.mutex_);
                    server_.seen_.push_back(request);
                }
                server_.script_(*this, request);
            }
        }
        ERR_clear_error();
    }

    ScriptedHttp1Server& server_;
    const int socket_;
    const int number_;
    SSL* ssl_ = nullptr;
    bool is_closed_ = false;
    std::thread thread_;
};

ScriptedHttp1Server::ScriptedHttp1Server(const TestCertificate* certificate, Script script)
    : script_(std::move(script)) {
    if (certificate != nullptr) {
        auto* context = SSL_CTX_new(TLS_server_method());
        SSL_CTX_use_certificate(context, certificate->certificate());
        SSL_CTX_use_PrivateKey(context, certificate->key());
        SSL_CTX_set_alpn_select_cb(context, choose_http1, nullptr);
        tls_ = context;
    }
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
    accepter_ = std::thread([this] { accept_all(); });
}

ScriptedHttp1Server::~ScriptedHttp1Server() {
    eventfd_write(stop_, 1);
    accepter_.join();
    links_.clear();
    ::close(listener_);
    ::close(stop_);
    SSL_CTX_free(static_cast<SSL_CTX*>(tls_));
}

void ScriptedHttp1Server::accept_all() {
    for (;;) {
        std::array<pollfd, 2> fds{pollfd{listener_, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
        ::poll(fds.data(), fds.size(), -1);
        if (fds[1].revents != 0) return;
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) continue;
        const int on = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const std::lock_guard lock(mutex_);
        links_.push_back(
            std::make_unique<Link>(*this, socket, static_cast<int>(links_.size()) + 1));
    }
}

std::string ScriptedHttp1Server::endpoint() const {
    return (tls_ != nullptr ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_);
}

std::vector<SeenRequest> ScriptedHttp1Server::seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
}

int ScriptedHttp1Server::most_often() const {
    std::map<std::string, int> counts;
    int most = 0;
    for (const auto& request : seen())
        most = std::max(most, ++counts[request.headers.at("idempotency-key")]);
    return most;
}

int ScriptedHttp1Server::connections() const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(links_.size());
}

}  // namespace dispatcher::test
