#include "notice/http_receiver.h"

#include <algorithm>
#include <array>
#include <mutex>

#include <fmt/format.h>
#include <httplib.h>

#include "base/request_signature.h"

namespace dispatcher {
namespace {

using Kind = NoticeAnswer::Kind;

/// A connection attempt cannot be interrupted, so it must not last.
constexpr std::chrono::milliseconds kConnectPatience{3000};
/// Nothing is read of an answer but its status; a body may be so long all the same.
constexpr std::size_t kAnswerBytesMax = 65'536;

std::unique_ptr<httplib::ClientImpl> client_for(const HttpUrl& url) {
    if (url.is_tls) return std::make_unique<httplib::SSLClient>(url.host, url.port);
    return std::make_unique<httplib::ClientImpl>(url.host, url.port);
}

std::string trouble_of(httplib::Error error) {
    using enum httplib::Error;
    switch (error) {
        case Connection:
        case ConnectionTimeout:
            return "no connection to it";
        case SSLConnection:
            return "no TLS connection to it";
        case SSLLoadingCerts:
            return "its ca_file cannot be loaded";
        case SSLServerVerification:
            return "its certificate is not trusted: check ca_file";
        default:
            return "it does not answer";
    }
}

}  // namespace

/// What a running post() can be stopped by.
struct HttpReceiver::Line {
    /// Its requests can be stopped while one of these lives.
    class Use {
      public:
        Use(Line& line, httplib::ClientImpl& client) : line_(line) {
            const std::lock_guard lock(line.mutex);
            is_allowed = !line.is_stopped;
            line.client = &client;
        }
        ~Use() {
            const std::lock_guard lock(line_.mutex);
            line_.client = nullptr;
        }
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;

        bool is_allowed = false;

      private:
        Line& line_;
    };

    std::mutex mutex;
    httplib::ClientImpl* client = nullptr;  // guarded by mutex
    bool is_stopped = false;                // guarded by mutex
};

HttpReceiver::HttpReceiver(NoticeOptions options, Clock& clock)
    : options_(std::move(options)), clock_(clock), line_(std::make_unique<Line>()) {}

HttpReceiver::~HttpReceiver() = default;

NoticeAnswer HttpReceiver::post(const Notice& notice, std::chrono::milliseconds patience) {
    const auto deadline = clock_.now() + patience;
    const auto client = client_for(options_.url);
    client->set_connection_timeout(std::min(patience, kConnectPatience));
    client->set_read_timeout(patience);
    client->set_write_timeout(patience);
    client->set_follow_location(false);  // nobody else gets the tokens
    client->enable_server_certificate_verification(true);
    if (!options_.ca_file.empty()) client->set_ca_cert_path(options_.ca_file);

    httplib::Request request;
    request.method = "POST";
    request.path = options_.url.path;
    request.body = notice.body;
    request.set_header("Host", options_.url.authority());
    request.set_header("User-Agent", "pushonce");
    request.set_header("Content-Type", "application/json");
    request.set_header("Idempotency-Key", notice.idempotency_key);
    if (!options_.secret.empty())
        request.set_header(kSignatureHeader,
                           request_signature(options_.secret, clock_.wall(), notice.body));
    // The status is all that counts, whatever becomes of the body.
    int status = 0;
    request.response_handler = [&status](const httplib::Response& response) {
        status = response.status;
        return true;
    };
    std::size_t read = 0;
    request.content_receiver = [&](const char*, std::size_t bytes, std::uint64_t, std::uint64_t) {
        read += bytes;
        return read <= kAnswerBytesMax && clock_.now() < deadline;
    };
    const Line::Use use(*line_, *client);
    if (!use.is_allowed) return {Kind::unavailable, "stopped"};
    const auto result = client->send(request);
    if (!result && status == 0) return {Kind::unavailable, trouble_of(result.error())};
    return read_notice_status(result ? result->status : status);
}

void HttpReceiver::stop() {
    const std::lock_guard lock(line_->mutex);
    line_->is_stopped = true;
    if (line_->client != nullptr) line_->client->stop();
}

NoticeAnswer read_notice_status(int status) {
    constexpr std::array kLater = {408, 409, 425, 429};
    if (status >= 200 && status <= 299) return {Kind::told, {}};
    const bool is_later =
        status >= 500 || std::find(kLater.begin(), kLater.end(), status) != kLater.end();
    if (is_later) return {Kind::unavailable, fmt::format("it answers {}", status)};
    const bool is_about_us = status == 401 || status == 403;
    return {Kind::refused,
            fmt::format("it answers {}: check its {}", status, is_about_us ? "secret" : "url")};
}

}  // namespace dispatcher
