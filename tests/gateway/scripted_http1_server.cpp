#include "scripted_http1_server.h"

#include <algorithm>

#include <openssl/err.h>
#include <openssl/ssl.h>
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
        block_broken_pipe_signals();
        if (server_.listener_.tls() != nullptr) {
            ssl_ = SSL_new(server_.listener_.tls());
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
    : script_(std::move(script)),
      listener_(certificate, "http/1.1", 0, [this](int socket) { take(socket); }) {}

ScriptedHttp1Server::~ScriptedHttp1Server() {
    listener_.stop();
    links_.clear();
}

void ScriptedHttp1Server::take(int socket) {
    const std::lock_guard lock(mutex_);
    links_.push_back(std::make_unique<Link>(*this, socket, static_cast<int>(links_.size()) + 1));
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
