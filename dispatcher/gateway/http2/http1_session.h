#pragma once

#include <optional>

#include "gateway/http1/response_reader.h"
#include "gateway/http2/session.h"

namespace dispatcher::http2 {

/// HTTP/1.1 (RFC 9112) on a connection that is kept: one request at a time, none ahead of the
/// answer to the one before (no pipelining), and none ever written twice.
class Http1Session final : public Session {
  public:
    /// Servers close idle connections, many after 5 s (Node, Apache); a request that meets the
    /// closing one on its way is in doubt. So a connection is not used after this.
    static constexpr std::chrono::seconds kIdleMax{4};

    [[nodiscard]] bool submit(Stream& stream, const Fields& fields) override;
    void cancel(Stream& stream) override;
    void terminate() override { is_leaving_ = true; }
    [[nodiscard]] bool receive(std::string_view bytes) override;
    [[nodiscard]] bool collect(std::string& out, std::size_t limit) override;
    void abandon(const std::vector<Stream*>& open) override;

    [[nodiscard]] bool is_ready() const override { return true; }
    [[nodiscard]] bool is_leaving() const override { return is_leaving_; }
    [[nodiscard]] bool is_finished() const override { return is_leaving_ && current_ == nullptr; }
    [[nodiscard]] std::uint32_t streams_max() const override { return 1; }
    /// A second less than the server keeps it, where it says so.
    [[nodiscard]] std::chrono::nanoseconds quiet_max() const override;

  private:
    void take_reply();
    void end_current(StreamEnd how);

    Stream* current_ = nullptr;  ///< the one request that was not answered yet
    std::string unsent_;         ///< its bytes, until they are collected
    http1::ResponseReader reader_;
    std::optional<std::chrono::seconds> kept_for_;
    std::int32_t requests_ = 0;
    bool is_leaving_ = false;
};

}  // namespace dispatcher::http2
