#pragma once

#include <array>
#include <cstdint>
#include <forward_list>
#include <list>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "gateway/gateway.h"

namespace dispatcher::http2 {

class Connection;

/// The header fields of a request while it is being composed. Views: names are literals, values are
/// literals, owned by the service, or kept in the request.
class Fields {
  public:
    static constexpr std::size_t kMax = 20;

    struct Field {
        std::string_view name;
        std::string_view value;
        /// May enter the connection's HPACK table; false for what differs in every request.
        bool is_indexed = true;
    };

    void clear() { count_ = 0; }
    /// Bug if there are more than kMax.
    void add(std::string_view name, std::string_view value, bool is_indexed = true) {
        fields_.at(count_++) = {name, value, is_indexed};
    }
    [[nodiscard]] const Field* begin() const { return fields_.data(); }
    [[nodiscard]] const Field* end() const { return fields_.data() + count_; }
    [[nodiscard]] std::size_t size() const { return count_; }

  private:
    std::array<Field, kMax> fields_;
    std::size_t count_ = 0;
};

/// The bytes of one request that must stay in place until its stream is closed. Reused: in steady
/// state composing a request allocates nothing.
class Request {
  public:
    std::string body;

    void clear() {
        body.clear();
        used_ = 0;
        spilled_.clear();
    }

    /// Keeps a copy of the two texts in a row until clear(); the view stays valid as long.
    std::string_view keep(std::string_view first, std::string_view second = {}) {
        const auto size = first.size() + second.size();
        if (size > text_.size() - used_) {
            auto& spilled = spilled_.emplace_front(first);
            return spilled.append(second);
        }
        char* const start = text_.data() + used_;
        first.copy(start, first.size());
        second.copy(start + first.size(), second.size());
        used_ += size;
        return {start, size};
    }

  private:
    std::array<char, 384> text_;
    std::size_t used_ = 0;
    std::forward_list<std::string> spilled_;
};

/// What came back on a stream.
struct Reply {
    static constexpr std::size_t kBodyKept = 4096;   ///< bytes of a body that are looked at
    static constexpr std::size_t kBodyMax = 65'536;  ///< a longer one is cut off

    unsigned status = 0;       ///< of the final response; 0: none
    bool has_headers = false;  ///< any response headers, also 1xx
    bool is_complete = false;  ///< ended by the peer in good order
    std::string retry_after;
    std::string body;
    std::size_t body_bytes = 0;

    void clear() {
        status = 0;
        has_headers = is_complete = false;
        retry_after.clear();
        body.clear();
        body_bytes = 0;
    }
};

/// How a stream ended; what that proves is decided by the gateway.
enum class StreamEnd : std::uint8_t {
    open,
    completed,     ///< both sides ended it
    never_framed,  ///< its HEADERS were never made
    above_goaway,  ///< above the last stream id of a GOAWAY
    refused,       ///< RST_STREAM(REFUSED_STREAM) before any response headers
    reset,         ///< RST_STREAM otherwise
    malformed,     ///< we reset it: what came back was not HTTP
    cancelled,     ///< we reset it because we no longer wait
    goaway_ended,  ///< at or below the last stream id of a GOAWAY when the connection ended
    lost,          ///< the connection ended without GOAWAY
};

/// One submitted notification on its way. Owned by the gateway in one of its lists, moved between
/// them by splicing; its address never changes and it is used again.
struct Stream {
    std::list<Stream>::iterator place;
    Connection* connection = nullptr;
    Ticket ticket = 0;
    BootTime submitted_at{};
    BootTime deadline{};
    std::int32_t id = 0;
    std::uint32_t memo = 0;  ///< the service's own
    StreamEnd end = StreamEnd::open;
    bool is_framed = false;  ///< the peer may have seen it
    bool is_answered = false;
    bool is_settled = false;  ///< answered, and no late answer may follow
    bool is_reset_by_peer = false;
    std::size_t body_sent = 0;
    Request request;
    Reply reply;

    void clear() {
        connection = nullptr;
        id = 0;
        memo = 0;
        end = StreamEnd::open;
        is_framed = is_answered = is_settled = is_reset_by_peer = false;
        body_sent = 0;
        request.clear();
        reply.clear();
    }
};

}  // namespace dispatcher::http2
