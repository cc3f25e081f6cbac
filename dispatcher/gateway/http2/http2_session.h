#pragma once

#include <optional>

#include "base/recycled_memory.h"
#include "gateway/http2/session.h"

struct nghttp2_session;

namespace dispatcher::http2 {

/// HTTP/2 (RFC 9113). The only code that knows nghttp2.
class Http2Session final : public Session {
  public:
    Http2Session();
    ~Http2Session() override;
    Http2Session(const Http2Session&) = delete;
    Http2Session& operator=(const Http2Session&) = delete;

    [[nodiscard]] bool submit(Stream& stream, const Fields& fields) override;
    void cancel(Stream& stream) override;
    void terminate() override;
    [[nodiscard]] bool receive(std::string_view bytes) override;
    [[nodiscard]] bool collect(std::string& out, std::size_t limit) override;
    void abandon(const std::vector<Stream*>& open) override;

    /// The peer's SETTINGS arrived.
    [[nodiscard]] bool is_ready() const override { return is_ready_; }
    /// The peer sent a GOAWAY, or either side gave the connection up.
    [[nodiscard]] bool is_leaving() const override { return last_id_.has_value() || is_broken_; }
    /// The peer sent a GOAWAY with a higher id than before.
    [[nodiscard]] bool has_contradicted_itself() const override { return has_contradicted_itself_; }
    [[nodiscard]] bool is_finished() const override;
    [[nodiscard]] std::uint32_t streams_max() const override;

    [[nodiscard]] std::chrono::nanoseconds quiet_max() const override {
        return std::chrono::seconds(10);
    }
    [[nodiscard]] bool has_pings() const override { return true; }
    void send_ping() override;
    [[nodiscard]] std::uint64_t pongs() const override { return pongs_; }

  private:
    friend struct Http2Callbacks;
    [[nodiscard]] StreamEnd how_closed(const Stream& stream, std::uint32_t code) const;

    RecycledMemory memory_;  // ends last
    nghttp2_session* session_ = nullptr;
    /// Submitted and not yet framed, in the order in which nghttp2 frames them: from unframed_at_.
    std::vector<Stream*> unframed_;
    std::size_t unframed_at_ = 0;
    Stream* receiving_ = nullptr;  ///< whose response headers are being read
    std::optional<std::int32_t> last_id_;
    std::uint64_t pongs_ = 0;
    bool is_ready_ = false;
    bool is_broken_ = false;
    bool has_contradicted_itself_ = false;
};

}  // namespace dispatcher::http2
