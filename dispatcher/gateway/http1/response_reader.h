#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dispatcher::http1 {

/// Reads one response to a POST after another from the bytes of a connection (RFC 9112), as
/// strictly as the next response's beginning depends on it. Knows no sockets. One thread.
class ResponseReader {
  public:
    static constexpr std::size_t kHeadMax = 65'536;  ///< status lines and fields, interim ones too
    static constexpr std::size_t kLineMax = 16'384;
    static constexpr std::size_t kBodyKept = 4096;   ///< bytes of a body that are looked at
    static constexpr std::size_t kBodyMax = 65'536;  ///< a longer one is not read to its end

    /// The next bytes begin a response.
    void start() { *this = {}; }
    /// Takes bytes up to the end of the response; answers those that lie beyond it.
    std::string_view feed(std::string_view bytes);
    /// The connection ended: completes a response that lasts until then.
    void finish();

    /// Of the final response, as soon as its status line was read; 0 before.
    [[nodiscard]] unsigned status() const { return status_; }
    /// A status line was read, also of an interim response.
    [[nodiscard]] bool has_begun() const { return has_begun_; }
    [[nodiscard]] bool is_complete() const { return stage_ == Stage::complete; }
    /// What came is no HTTP/1.1; a status that was read before still stands.
    [[nodiscard]] bool is_broken() const { return stage_ == Stage::broken; }
    /// Another request may follow on the connection.
    [[nodiscard]] bool keeps_connection() const { return is_complete() && keeps_connection_; }
    /// How long the server keeps an idle connection, where it says so.
    [[nodiscard]] std::optional<std::chrono::seconds> kept_for() const { return kept_for_; }
    [[nodiscard]] const std::string& retry_after() const { return retry_after_; }
    [[nodiscard]] const std::string& body() const { return body_; }
    [[nodiscard]] std::size_t body_bytes() const { return body_bytes_; }

  private:
    enum class Stage : std::uint8_t {
        status_line,
        fields,
        counted_body,
        endless_body,
        chunk_size,
        chunk_data,
        chunk_end,
        trailer,
        complete,
        broken,
    };

    bool take_line(std::string_view& bytes);
    void read_status_line();
    void read_field();
    void read_connection(std::string_view value);
    void read_kept_for(std::string_view value);
    void end_head();
    void read_chunk_size();
    void take_body(std::string_view& bytes);
    void act_on_line();
    void break_off() { stage_ = Stage::broken; }

    Stage stage_ = Stage::status_line;
    std::string line_;
    std::size_t head_bytes_ = 0;
    bool has_begun_ = false;
    bool is_interim_ = false;
    unsigned status_ = 0;
    std::optional<std::uint64_t> length_;
    bool is_chunked_ = false;
    bool is_otherwise_coded_ = false;
    bool keeps_connection_ = true;
    std::optional<std::chrono::seconds> kept_for_;
    std::string retry_after_;
    std::uint64_t left_ = 0;  ///< of the counted body or the chunk
    std::string body_;
    std::size_t body_bytes_ = 0;
};

}  // namespace dispatcher::http1
