#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct nghttp2_session;
struct ssl_st;
struct ssl_ctx_st;

namespace dispatcher::test {

/// A request as it is put on the wire: pseudo-headers first, in order, repeats allowed.
struct Http2Request {
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    Http2Request& set(std::string_view name, std::string_view value);
    Http2Request& add(std::string_view name, std::string_view value);
    Http2Request& remove(std::string_view name);
};

/// What one stream got.
struct Http2Answer {
    int status = 0;  ///< 0: no headers came
    std::map<std::string, std::string> headers;
    std::string body;
    bool closed = false;
    std::uint32_t close_code = 0;  ///< the RST_STREAM code, 0 for a whole answer
};

/// A small HTTP/2 client for one connection to 127.0.0.1; all its work is done in wait_until().
class Http2Client {
  public:
    static constexpr std::chrono::seconds kPatience{20};

    /// In the clear, or through TLS checked against the authority in `ca_file`.
    explicit Http2Client(std::uint16_t port, const std::string& ca_file = {});
    ~Http2Client();
    Http2Client(const Http2Client&) = delete;
    Http2Client& operator=(const Http2Client&) = delete;

    /// Queues a request; its bytes leave with the next wait_until(). Returns the stream id.
    std::int32_t submit(const Http2Request& request);
    /// Works until the condition holds (true), or the patience is over (false).
    bool wait_until(const std::function<bool()>& condition);
    /// Submits, waits for the end of the stream or the connection, and returns what came.
    Http2Answer fetch(const Http2Request& request);

    const Http2Answer& answer(std::int32_t stream) { return answers_[stream]; }
    [[nodiscard]] const std::vector<std::int32_t>& closed_in_order() const { return closed_; }
    /// Last stream ids of the GOAWAY frames received.
    [[nodiscard]] const std::vector<std::int32_t>& goaways() const { return goaways_; }
    /// Values of MAX_CONCURRENT_STREAMS received.
    [[nodiscard]] const std::vector<std::uint32_t>& stream_limits() const { return stream_limits_; }
    /// The peer has closed the connection.
    [[nodiscard]] bool ended() const { return ended_; }
    /// The error code with which this side gave the connection up, 0 for none.
    [[nodiscard]] std::uint32_t complaint() const { return complaint_; }

  private:
    friend struct ClientCallbacks;

    void connect_tls(const std::string& ca_file);
    void send();
    void receive(int timeout_ms);

    int socket_ = -1;
    ssl_ctx_st* tls_context_ = nullptr;
    ssl_st* tls_ = nullptr;
    nghttp2_session* session_ = nullptr;
    std::map<std::int32_t, Http2Answer> answers_;
    std::map<std::int32_t, std::string> bodies_;
    std::vector<std::int32_t> closed_;
    std::vector<std::int32_t> goaways_;
    std::vector<std::uint32_t> stream_limits_;
    bool ended_ = false;
    std::uint32_t complaint_ = 0;
};

}  // namespace dispatcher::test
