#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "mockgateway/protocol.h"

namespace dispatcher::mock {

/// HTTP/1.1, server side, strict (RFC 9112): one request at a time, kept alive, bodies by length
/// or in chunks. Faults of a stream befall the connection, for there is nothing else to break.
/// Requests are numbered from 1 as streams.
class Http1Protocol final : public Protocol {
  public:
    explicit Http1Protocol(const Surroundings& surroundings);
    ~Http1Protocol() override;
    Http1Protocol(const Http1Protocol&) = delete;
    Http1Protocol& operator=(const Http1Protocol&) = delete;

    void receive(std::string_view bytes) override;
    void take_due(std::int32_t stream) override;
    void fill(std::string& out, std::size_t limit) override;
    [[nodiscard]] End end() const override { return end_; }

  private:
    /// What is read next. `answering`: nothing, until the answer is said.
    enum class Step : std::uint8_t {
        head,
        body,
        chunk_size,
        chunk,
        chunk_end,
        trailers,
        answering
    };

    [[nodiscard]] std::string_view rest() const { return std::string_view(input_).substr(at_); }
    bool take_step();
    bool take_head();
    bool take_request_line(std::string_view line);
    bool take_field(std::string_view line);
    bool choose_body();
    bool take_body_bytes(Step next);
    bool take_line(std::string_view& line, std::size_t bytes_max);
    bool take_chunk_size();
    bool take_chunk_end();
    bool take_trailer();
    bool take_request();
    void carry_out();
    void respond();
    bool complain(int status);
    void say(const Answer& answer, std::string_view method);

    const Surroundings around_;
    ConnectionMemory roles_memory_;
    std::string input_;  // not yet understood, from at_
    std::size_t at_ = 0;
    std::string output_;  // not yet given to fill()
    Step step_ = Step::head;
    End end_ = End::none;

    Request request_;
    Answer answer_;
    Verdict verdict_;
    std::int32_t stream_ = 0;
    std::uint64_t body_left_ = 0;  // of the body or chunk
    bool keep_alive_ = true;
};

}  // namespace dispatcher::mock
