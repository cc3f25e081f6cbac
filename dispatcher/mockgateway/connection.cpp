#include "mockgateway/connection.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include "base/invariant.h"

namespace dispatcher::mock {
namespace {

using Field = ApnsRequest::Field;

constexpr std::size_t kOutputBytes = 131'072;        // gathered for one write
constexpr std::size_t kInputBytesPerTurn = 262'144;  // then others have their turn
constexpr std::uint32_t kStreamWindow = 1 << 20;
constexpr std::int32_t kConnectionWindow = 1 << 24;
constexpr std::size_t kClientResetsMax = 1'000'000;  // a client may give up on stalls in crowds
constexpr auto kLingerMax = std::chrono::seconds(2);
constexpr std::string_view kStatsPath = "/mock/stats";
constexpr std::string_view kGoAwayReason = R"({"reason":"Shutdown"})";
/// Read as a frame header these bytes announce 16 MiB, more than any peer allowed us.
constexpr std::size_t kGarbageBytes = 64;

nghttp2_nv header(std::string_view name, std::string_view value, std::uint8_t flags = 0) {
    constexpr std::uint8_t kNoCopy = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;
    // nghttp2 takes pointers to non-const and does not write through them.
    const auto bytes = [](std::string_view text) {
        return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    return {bytes(name), bytes(value), name.size(), value.size(),
            static_cast<std::uint8_t>(kNoCopy | flags)};
}

nghttp2_mem memory_for(RecycledMemory& memory) {
    return {
        &memory,
        [](std::size_t size, void* self) { return static_cast<RecycledMemory*>(self)->take(size); },
        [](void* block, void* self) { static_cast<RecycledMemory*>(self)->give_back(block); },
        [](std::size_t count, std::size_t size, void* self) {
            void* const block = static_cast<RecycledMemory*>(self)->take(count * size);
            return block != nullptr ? std::memset(block, 0, count * size) : nullptr;
        },
        [](void* block, std::size_t size, void* self) {
            return static_cast<RecycledMemory*>(self)->resize(block, size);
        }};
}

std::string_view status_text(int status) {
    constexpr std::array<std::pair<int, std::string_view>, 10> kKnown{{{200, "200"},
                                                                       {400, "400"},
                                                                       {403, "403"},
                                                                       {404, "404"},
                                                                       {405, "405"},
                                                                       {410, "410"},
                                                                       {413, "413"},
                                                                       {429, "429"},
                                                                       {500, "500"},
                                                                       {503, "503"}}};
    const auto* const found =
        std::find_if(kKnown.begin(), kKnown.end(),
                     [status](const auto& known) { return known.first == status; });
    invariant(found != kKnown.end(), "an answer has a status that APNs knows");
    return found->second;
}

}  // namespace

/// nghttp2's callbacks: each finds the exchange and hands over.
struct SessionCallbacks {
    static Connection& connection(void* user_data) { return *static_cast<Connection*>(user_data); }

    static Connection::Exchange* exchange(nghttp2_session* session, std::int32_t stream) {
        return static_cast<Connection::Exchange*>(
            nghttp2_session_get_stream_user_data(session, stream));
    }

    static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
        auto& self = connection(user);
        self.reading_headers_ = nullptr;
        if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
            return 0;
        self.reading_headers_ = self.open_exchange(frame->hd.stream_id);
        nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, self.reading_headers_);
        return 0;
    }

    static int on_header(nghttp2_session* /*session*/, const nghttp2_frame* /*frame*/,
                         const std::uint8_t* name, std::size_t name_bytes,
                         const std::uint8_t* value, std::size_t value_bytes, std::uint8_t /*flags*/,
                         void* user) {
        auto* const reading = connection(user).reading_headers_;
        if (reading != nullptr)
            reading->request.take_header({reinterpret_cast<const char*>(name), name_bytes},
                                         {reinterpret_cast<const char*>(value), value_bytes});
        return 0;
    }

    static int on_data(nghttp2_session* session, std::uint8_t /*flags*/, std::int32_t stream,
                       const std::uint8_t* data, std::size_t bytes, void* /*user*/) {
        if (auto* const found = exchange(session, stream))
            found->request.take_body({reinterpret_cast<const char*>(data), bytes});
        return 0;
    }

    static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
        auto& self = connection(user);
        const bool ack = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
        if (frame->hd.type == NGHTTP2_PING && ack && self.going_away_announced_ &&
            !self.last_stream_)
            self.go_away(nghttp2_session_get_last_proc_stream_id(session));
        if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
        auto* const found = exchange(session, frame->hd.stream_id);
        if (found != nullptr && !found->received) self.take_request(*found);
        return 0;
    }

    static int on_close(nghttp2_session* session, std::int32_t stream, std::uint32_t /*code*/,
                        void* user) {
        if (auto* const found = exchange(session, stream)) connection(user).close_exchange(*found);
        return 0;
    }

    static ssize_t read_body(nghttp2_session* /*session*/, std::int32_t /*stream*/,
                             std::uint8_t* into, std::size_t room, std::uint32_t* flags,
                             nghttp2_data_source* source, void* /*user*/) {
        auto& exchange = *static_cast<Connection::Exchange*>(source->ptr);
        const auto left = exchange.body.size() - exchange.body_sent;
        const auto bytes = std::min(room, left);
        std::memcpy(into, exchange.body.data() + exchange.body_sent, bytes);
        exchange.body_sent += bytes;
        if (bytes == left) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(bytes);
    }

    static nghttp2_session* new_session(Connection& connection) {
        nghttp2_session_callbacks* callbacks = nullptr;
        nghttp2_option* option = nullptr;
        nghttp2_session* session = nullptr;
        invariant(
            nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0,
            "an HTTP/2 session can be prepared");
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
        nghttp2_option_set_no_closed_streams(option, 1);
        nghttp2_option_set_stream_reset_rate_limit(option, kClientResetsMax, kClientResetsMax);
        auto memory = memory_for(connection.memory_);
        invariant(
            nghttp2_session_server_new3(&session, callbacks, &connection, option, &memory) == 0,
            "an HTTP/2 session can be made");
        nghttp2_option_del(option);
        nghttp2_session_callbacks_del(callbacks);
        return session;
    }
};

Connection::Connection(std::unique_ptr<Transport> transport, std::uint64_t number,
                       ApnsService& service, DelayQueue& delays, const ConnectionOptions& options)
    : transport_(std::move(transport)),
      number_(number),
      service_(service),
      delays_(delays),
      options_(options),
      session_(SessionCallbacks::new_session(*this)) {
    ++service_.stats.connections;
    submit_stream_limit(options_.first_streams);
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

Connection::~Connection() {
    nghttp2_session_del(session_);
    service_.stats.open_streams -= received_open_;
    --service_.stats.connections;
}

void Connection::submit_stream_limit(std::uint32_t streams) {
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
    };
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
}

bool Connection::take_input(std::span<std::uint8_t> buffer) {
    std::size_t taken = 0;
    while (taken < kInputBytesPerTurn && !ended()) {
        const auto moved = transport_->read(buffer);
        if (moved.state == Transport::State::blocked) return false;
        if (moved.state == Transport::State::ended) {
            phase_ = Phase::ended;
            return false;
        }
        taken += moved.bytes;
        if (is_listening() && nghttp2_session_mem_recv(session_, buffer.data(), moved.bytes) < 0)
            phase_ = Phase::cutting;
    }
    return !ended();
}

Connection::Exchange* Connection::open_exchange(std::int32_t stream) {
    if (idle_.empty()) {
        exchanges_.push_back(std::make_unique<Exchange>());
        idle_.push_back(exchanges_.back().get());
    }
    auto* const exchange = idle_.back();
    idle_.pop_back();
    exchange->request.clear();
    exchange->body.clear();
    exchange->body_sent = 0;
    exchange->stream = stream;
    exchange->received = false;
    exchange->owed = true;
    ++owed_;
    return exchange;
}

void Connection::close_exchange(Exchange& exchange) {
    release_from_debt(exchange);
    if (exchange.received) {
        --received_open_;
        --service_.stats.open_streams;
    }
    if (reading_headers_ == &exchange) reading_headers_ = nullptr;
    idle_.push_back(&exchange);
}

void Connection::release_from_debt(Exchange& exchange) {
    if (exchange.owed) --owed_;
    exchange.owed = false;
}

void Connection::take_request(Exchange& exchange) {
    if (!is_listening() || (last_stream_ && exchange.stream > *last_stream_)) return;
    const auto& request = exchange.request;
    exchange.received = true;
    ++received_open_;
    ++service_.stats.open_streams;
    if (request.get(Field::path) == kStatsPath) return answer_stats(exchange);

    exchange.verdict = service_.judge(request, number_, exchange.stream, token_, exchange.id);
    if (exchange.verdict.accepted && !stream_limit_raised_) {
        stream_limit_raised_ = true;
        if (options_.first_streams != options_.streams) submit_stream_limit(options_.streams);
    }
    carry_out(exchange);
    highest_judged_ = std::max(highest_judged_, exchange.stream);
}

void Connection::carry_out(Exchange& exchange) {
    const auto delay = options_.latency + exchange.verdict.delay;
    switch (exchange.verdict.effect) {
        case Effect::goaway_notice:
            announce_going_away();
            [[fallthrough]];
        case Effect::answer:
            if (delay.count() == 0) return respond(exchange);
            return delays_.push({service_.now() + delay, number_, exchange.stream});
        case Effect::refuse:
            return reset(exchange, NGHTTP2_REFUSED_STREAM);
        case Effect::reset:
            return reset(exchange, NGHTTP2_INTERNAL_ERROR);
        case Effect::stall:
            return release_from_debt(exchange);
        case Effect::goaway_before:
            if (highest_judged_ < exchange.stream) return go_away(std::max(exchange.stream - 2, 0));
            // A later stream was judged first: the GOAWAY must not deny it.
            reset(exchange, NGHTTP2_REFUSED_STREAM);
            return go_away(highest_judged_);
        case Effect::goaway_after:
            release_from_debt(exchange);
            return go_away(std::max(exchange.stream, highest_judged_));
        case Effect::close:
            phase_ = Phase::cutting;
            return;
        case Effect::garbage:
            phase_ = Phase::fouling;
            return;
    }
}

void Connection::respond(Exchange& exchange) {
    const auto& verdict = exchange.verdict;
    exchange.body = answer_body(verdict, service_.wall());
    nghttp2_nv headers[4];
    std::size_t count = 0;
    headers[count++] = header(":status", status_text(verdict.status));
    // Not put into the compression table: no second answer has this id.
    headers[count++] = header("apns-id", exchange.id, NGHTTP2_NV_FLAG_NO_INDEX);
    if (verdict.retry_after.count() != 0) {
        exchange.retry_after = std::to_string(verdict.retry_after.count());
        headers[count++] = header("retry-after", exchange.retry_after);
    }
    if (exchange.body.empty()) {
        nghttp2_submit_response(session_, exchange.stream, headers, count, nullptr);
        return;
    }
    headers[count++] = header("content-type", verdict.json_body ? "application/json" : "text/html");
    const nghttp2_data_provider provider{{.ptr = &exchange}, SessionCallbacks::read_body};
    nghttp2_submit_response(session_, exchange.stream, headers, count, &provider);
}

void Connection::answer_stats(Exchange& exchange) {
    --service_.stats.open_streams;  // the question itself does not count
    exchange.body = service_.stats.to_json();
    ++service_.stats.open_streams;
    const nghttp2_nv headers[] = {header(":status", "200"),
                                  header("content-type", "application/json")};
    const nghttp2_data_provider provider{{.ptr = &exchange}, SessionCallbacks::read_body};
    nghttp2_submit_response(session_, exchange.stream, headers, std::size(headers), &provider);
}

void Connection::reset(const Exchange& exchange, std::uint32_t code) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, exchange.stream, code);
}

void Connection::go_away(std::int32_t last_stream) {
    last_stream_ = std::min(last_stream, last_stream_.value_or(last_stream));
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, *last_stream_, NGHTTP2_NO_ERROR,
                          reinterpret_cast<const std::uint8_t*>(kGoAwayReason.data()),
                          kGoAwayReason.size());
    phase_ = Phase::draining;
}

void Connection::announce_going_away() {
    if (going_away_announced_ || last_stream_) return;
    going_away_announced_ = true;
    nghttp2_submit_shutdown_notice(session_);
    // RFC 9113 §6.8: the last id is named one round trip later; the PING's echo tells when.
    nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
}

void Connection::take_due(std::int32_t stream) {
    if (stream == 0 && phase_ == Phase::lingering) phase_ = Phase::ended;
    auto* const found = SessionCallbacks::exchange(session_, stream);
    if (found != nullptr && is_listening()) respond(*found);
}

void Connection::send_output() {
    if (phase_ >= Phase::lingering || !flush()) return;
    const bool spoken_out =
        nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
    if (phase_ == Phase::cutting)
        phase_ = Phase::ended;
    else if (phase_ == Phase::fouling)
        finish(false);
    else if (spoken_out || (phase_ == Phase::draining && owed_ == 0))
        finish(true);
}

/// Writes all there is; false if the socket takes no more for now, or has ended.
bool Connection::flush() {
    blocked_ = false;
    while (true) {
        if (output_sent_ == output_.size()) fill_output();
        if (output_.empty()) return true;
        const auto moved =
            transport_->write({reinterpret_cast<const std::uint8_t*>(output_.data()) + output_sent_,
                               output_.size() - output_sent_});
        blocked_ = moved.state == Transport::State::blocked;
        if (moved.state == Transport::State::ended) phase_ = Phase::ended;
        if (moved.state != Transport::State::moved) return false;
        output_sent_ += moved.bytes;
    }
}

void Connection::fill_output() {
    output_.clear();
    output_sent_ = 0;
    while (output_.size() < kOutputBytes) {
        const std::uint8_t* frame = nullptr;
        const auto bytes = nghttp2_session_mem_send(session_, &frame);
        if (bytes <= 0) break;
        output_.append(reinterpret_cast<const char*>(frame), static_cast<std::size_t>(bytes));
    }
    if (output_.empty() && phase_ == Phase::fouling && !fouled_) {
        fouled_ = true;
        output_.assign(kGarbageBytes, '\xFF');
    }
}

void Connection::finish(bool politely) {
    transport_->finish_writing(politely);
    phase_ = Phase::lingering;
    delays_.push({service_.now() + kLingerMax, number_, 0});
}

bool Connection::wants_write() const {
    return !ended() && (blocked_ || transport_->wants_write());
}

}  // namespace dispatcher::mock
