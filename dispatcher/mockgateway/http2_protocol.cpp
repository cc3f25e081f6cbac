#include "mockgateway/http2_protocol.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <nghttp2/nghttp2.h>

#include "base/invariant.h"

namespace dispatcher::mock {
namespace {

constexpr std::uint32_t kStreamWindow = 1 << 20;
constexpr std::int32_t kConnectionWindow = 1 << 24;
constexpr std::size_t kClientResetsMax = 1'000'000;  // a client may give up on stalls in crowds
constexpr std::string_view kGoAwayReason = R"({"reason":"Shutdown"})";

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

constexpr int kStatusMin = 200;
constexpr int kStatusMax = 599;

/// "200" to "599", one after the other.
constexpr auto kStatusDigits = [] {
    std::array<char, std::size_t{3} * (kStatusMax - kStatusMin + 1)> digits{};
    for (int status = kStatusMin; status <= kStatusMax; ++status) {
        const auto at = std::size_t{3} * static_cast<std::size_t>(status - kStatusMin);
        digits[at] = static_cast<char>('0' + status / 100);
        digits[at + 1] = static_cast<char>('0' + status / 10 % 10);
        digits[at + 2] = static_cast<char>('0' + status % 10);
    }
    return digits;
}();

std::string_view status_text(int status) {
    invariant(status >= kStatusMin && status <= kStatusMax, "an answer has a final status");
    return {&kStatusDigits[std::size_t{3} * static_cast<std::size_t>(status - kStatusMin)], 3};
}

}  // namespace

/// nghttp2's callbacks: each finds the exchange and hands over.
struct SessionCallbacks {
    static Http2Protocol& protocol(void* user) { return *static_cast<Http2Protocol*>(user); }

    static Http2Protocol::Exchange* exchange(nghttp2_session* session, std::int32_t stream) {
        return static_cast<Http2Protocol::Exchange*>(
            nghttp2_session_get_stream_user_data(session, stream));
    }

    static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
        auto& self = protocol(user);
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
        auto* const reading = protocol(user).reading_headers_;
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
        auto& self = protocol(user);
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
        if (auto* const found = exchange(session, stream)) protocol(user).close_exchange(*found);
        return 0;
    }

    static ssize_t read_body(nghttp2_session* /*session*/, std::int32_t /*stream*/,
                             std::uint8_t* into, std::size_t room, std::uint32_t* flags,
                             nghttp2_data_source* source, void* /*user*/) {
        auto& exchange = *static_cast<Http2Protocol::Exchange*>(source->ptr);
        const auto& body = exchange.answer.body;
        const auto left = body.size() - exchange.body_sent;
        const auto bytes = std::min(room, left);
        std::memcpy(into, body.data() + exchange.body_sent, bytes);
        exchange.body_sent += bytes;
        if (bytes == left) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(bytes);
    }

    static nghttp2_session* new_session(Http2Protocol& protocol) {
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
        auto memory = memory_for(protocol.memory_);
        invariant(nghttp2_session_server_new3(&session, callbacks, &protocol, option, &memory) == 0,
                  "an HTTP/2 session can be made");
        nghttp2_option_del(option);
        nghttp2_session_callbacks_del(callbacks);
        return session;
    }
};

Http2Protocol::Http2Protocol(const Surroundings& surroundings)
    : around_(surroundings),
      session_(SessionCallbacks::new_session(*this)),
      roles_memory_(surroundings.service.new_memory(surroundings.has_client_certificate)) {
    // A certificate proves from the start what a provider token proves with the first push.
    stream_limit_raised_ = around_.has_client_certificate;
    submit_stream_limit(stream_limit_raised_ ? around_.options.streams
                                             : around_.options.first_streams);
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

Http2Protocol::~Http2Protocol() {
    nghttp2_session_del(session_);
    around_.service.stats.open_streams -= received_open_;
}

void Http2Protocol::submit_stream_limit(std::uint32_t streams) {
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
    };
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
}

void Http2Protocol::receive(std::string_view bytes) {
    if (end_ != End::none) return;
    if (nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                 bytes.size()) < 0)
        end_ = End::cut;
}

Http2Protocol::Exchange* Http2Protocol::open_exchange(std::int32_t stream) {
    if (idle_.empty()) {
        exchanges_.push_back(std::make_unique<Exchange>());
        idle_.push_back(exchanges_.back().get());
    }
    auto* const exchange = idle_.back();
    idle_.pop_back();
    exchange->request.clear();
    exchange->body_sent = 0;
    exchange->stream = stream;
    exchange->received = false;
    exchange->owed = true;
    ++owed_;
    return exchange;
}

void Http2Protocol::close_exchange(Exchange& exchange) {
    release_from_debt(exchange);
    if (exchange.received) {
        --received_open_;
        --around_.service.stats.open_streams;
    }
    if (reading_headers_ == &exchange) reading_headers_ = nullptr;
    idle_.push_back(&exchange);
}

void Http2Protocol::release_from_debt(Exchange& exchange) {
    if (exchange.owed) --owed_;
    exchange.owed = false;
}

void Http2Protocol::take_request(Exchange& exchange) {
    if (end_ != End::none || (last_stream_ && exchange.stream > *last_stream_)) return;
    exchange.received = true;
    ++received_open_;
    ++around_.service.stats.open_streams;
    exchange.verdict = around_.service.judge(exchange.request, around_.connection, exchange.stream,
                                             roles_memory_, exchange.answer);
    if (exchange.verdict.accepted && !stream_limit_raised_) {
        stream_limit_raised_ = true;
        if (around_.options.first_streams != around_.options.streams)
            submit_stream_limit(around_.options.streams);
    }
    carry_out(exchange);
    highest_judged_ = std::max(highest_judged_, exchange.stream);
}

void Http2Protocol::carry_out(Exchange& exchange) {
    const auto delay = around_.options.latency + exchange.verdict.delay;
    switch (exchange.verdict.effect) {
        case Effect::goaway_notice:
            announce_going_away();
            [[fallthrough]];
        case Effect::answer:
            if (delay.count() == 0) return respond(exchange);
            return around_.delays.push(
                {around_.service.now() + delay, around_.connection, exchange.stream});
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
            end_ = End::cut;
            return;
        case Effect::garbage:
            end_ = End::garbage;
            return;
    }
}

void Http2Protocol::respond(Exchange& exchange) {
    const auto& answer = exchange.answer;
    nghttp2_nv headers[Answer::kHeadersMax + 2];
    std::size_t count = 0;
    headers[count++] = header(":status", status_text(answer.status));
    // Not put into the compression table: most differ in every answer.
    for (const auto& [name, value] : answer.headers())
        headers[count++] = header(name, value, NGHTTP2_NV_FLAG_NO_INDEX);
    if (answer.body.empty()) {
        nghttp2_submit_response(session_, exchange.stream, headers, count, nullptr);
        return;
    }
    headers[count++] = header("content-type", answer.content_type);
    const nghttp2_data_provider provider{{.ptr = &exchange}, SessionCallbacks::read_body};
    nghttp2_submit_response(session_, exchange.stream, headers, count, &provider);
}

void Http2Protocol::reset(const Exchange& exchange, std::uint32_t code) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, exchange.stream, code);
}

void Http2Protocol::go_away(std::int32_t last_stream) {
    last_stream_ = std::min(last_stream, last_stream_.value_or(last_stream));
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, *last_stream_, NGHTTP2_NO_ERROR,
                          reinterpret_cast<const std::uint8_t*>(kGoAwayReason.data()),
                          kGoAwayReason.size());
    draining_ = true;
}

void Http2Protocol::announce_going_away() {
    if (going_away_announced_ || last_stream_) return;
    going_away_announced_ = true;
    nghttp2_submit_shutdown_notice(session_);
    // RFC 9113 §6.8: the last id is named one round trip later; the PING's echo tells when.
    nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
}

void Http2Protocol::take_due(std::int32_t stream) {
    auto* const found = SessionCallbacks::exchange(session_, stream);
    if (found != nullptr && end_ == End::none) respond(*found);
}

void Http2Protocol::fill(std::string& out, std::size_t limit) {
    while (out.size() < limit) {
        const std::uint8_t* frame = nullptr;
        const auto bytes = nghttp2_session_mem_send(session_, &frame);
        if (bytes <= 0) break;
        out.append(reinterpret_cast<const char*>(frame), static_cast<std::size_t>(bytes));
    }
}

Protocol::End Http2Protocol::end() const {
    if (end_ != End::none) return end_;
    const bool spoken_out =
        nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
    return spoken_out || (draining_ && owed_ == 0) ? End::polite : End::none;
}

}  // namespace dispatcher::mock
