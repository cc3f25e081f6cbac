#include "gateway/http2/http2_session.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include <nghttp2/nghttp2.h>

#include "base/invariant.h"

namespace dispatcher::http2 {
namespace {

/// Responses are small; what the peer may send before it hears from us need not be much.
constexpr std::uint32_t kStreamWindow = 65'535;
constexpr std::int32_t kConnectionWindow = 4 * 1024 * 1024;
constexpr std::size_t kRetryAfterBytes = 64;

std::uint8_t* bytes_of(std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

nghttp2_nv to_nv(const Fields::Field& field) {
    unsigned flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;
    if (!field.is_indexed) flags |= NGHTTP2_NV_FLAG_NO_INDEX;
    return {bytes_of(field.name), bytes_of(field.value), field.name.size(), field.value.size(),
            static_cast<std::uint8_t>(flags)};
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

bool is_request(const nghttp2_frame* frame) {
    return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

}  // namespace

/// What nghttp2 calls. `self` is the Http2Session.
struct Http2Callbacks {
    static Http2Session& session_of(void* self) { return *static_cast<Http2Session*>(self); }

    static Stream* stream_of(nghttp2_session* session, std::int32_t id) {
        return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
    }

    static Stream& take_unframed(Http2Session& self, std::int32_t id) {
        invariant(self.unframed_at_ < self.unframed_.size(), "a framed request was submitted");
        Stream& stream = *self.unframed_[self.unframed_at_++];
        invariant(stream.id == id, "requests are framed in the order of their submission");
        if (self.unframed_at_ == self.unframed_.size()) {
            self.unframed_.clear();
            self.unframed_at_ = 0;
        }
        return stream;
    }

    static int before_frame_send(nghttp2_session*, const nghttp2_frame* frame, void* self) {
        if (is_request(frame))
            take_unframed(session_of(self), frame->hd.stream_id).is_framed = true;
        return 0;
    }

    static int on_frame_not_send(nghttp2_session*, const nghttp2_frame* frame, int, void* self) {
        if (is_request(frame)) {
            auto& session = session_of(self);
            session.end(take_unframed(session, frame->hd.stream_id), StreamEnd::never_framed);
        }
        return 0;
    }

    static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* buffer,
                             std::size_t length, std::uint32_t* flags, nghttp2_data_source* source,
                             void*) {
        Stream& stream = *static_cast<Stream*>(source->ptr);
        const auto rest = std::string_view(stream.request.body).substr(stream.body_sent);
        const auto count = rest.copy(reinterpret_cast<char*>(buffer), length);
        stream.body_sent += count;
        if (count == rest.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(count);
    }

    static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
        auto& receiving = session_of(self).receiving_;
        receiving = stream_of(session, frame->hd.stream_id);
        if (receiving != nullptr) receiving->reply.has_headers = true;
        return 0;
    }

    static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                         std::size_t name_length, const std::uint8_t* value,
                         std::size_t value_length, std::uint8_t, void* self) {
        Stream* stream = session_of(self).receiving_;
        if (stream == nullptr || frame->hd.type != NGHTTP2_HEADERS) return 0;
        const std::string_view key(reinterpret_cast<const char*>(name), name_length);
        const std::string_view text(reinterpret_cast<const char*>(value), value_length);
        if (key == ":status") {
            unsigned status = 0;
            std::from_chars(text.data(), text.data() + text.size(), status);
            if (status >= 200) stream->reply.status = status;
        } else if (key == "retry-after") {
            stream->reply.retry_after = text.substr(0, kRetryAfterBytes);
        }
        return 0;
    }

    static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t id,
                       const std::uint8_t* data, std::size_t length, void*) {
        Stream* stream = stream_of(session, id);
        if (stream == nullptr) return 0;
        auto& reply = stream->reply;
        const auto room = Reply::kBodyKept - std::min(Reply::kBodyKept, reply.body.size());
        reply.body.append(reinterpret_cast<const char*>(data), std::min(length, room));
        const bool was_fine = reply.body_bytes <= Reply::kBodyMax;
        reply.body_bytes += length;
        if (was_fine && reply.body_bytes > Reply::kBodyMax)
            nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
        return 0;
    }

    static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
        auto& me = session_of(self);
        switch (frame->hd.type) {
            case NGHTTP2_HEADERS:
                if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
                    complete(session, frame->hd.stream_id, me.receiving_);
                break;
            case NGHTTP2_DATA:
                if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
                    complete(session, frame->hd.stream_id, stream_of(session, frame->hd.stream_id));
                break;
            case NGHTTP2_RST_STREAM:
                if (Stream* stream = stream_of(session, frame->hd.stream_id); stream != nullptr)
                    stream->is_reset_by_peer = true;
                break;
            case NGHTTP2_SETTINGS:
                if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) me.is_ready_ = true;
                break;
            case NGHTTP2_PING:
                if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) ++me.pongs_;
                break;
            case NGHTTP2_GOAWAY:
                // nghttp2 closes the streams above this id right after this call.
                me.last_id_ = frame->goaway.last_stream_id;
                break;
            default:
                break;
        }
        return 0;
    }

    /// The peer is done. If it did not wait for our body it never will: the rest would only hold
    /// the stream open (RFC 9113 §8.1).
    static void complete(nghttp2_session* session, std::int32_t id, Stream* stream) {
        if (stream == nullptr || stream->reply.status == 0) return;
        stream->reply.is_complete = true;
        if (stream->body_sent < stream->request.body.size())
            nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    }

    static int on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int, void* self) {
        // nghttp2 ends the connection after an invalid GOAWAY; RFC 9113 §6.8 forbids an increase.
        if (frame->hd.type == NGHTTP2_GOAWAY && session_of(self).last_id_)
            session_of(self).has_contradicted_itself_ = true;
        return 0;
    }

    static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t code,
                               void* self) {
        auto& me = session_of(self);
        Stream* stream = stream_of(session, id);
        if (stream == nullptr || stream->end != StreamEnd::open) return 0;
        if (me.receiving_ == stream) me.receiving_ = nullptr;
        me.end(*stream, me.how_closed(*stream, code));
        return 0;
    }

    static nghttp2_session_callbacks* make() {
        nghttp2_session_callbacks* made = nullptr;
        invariant(nghttp2_session_callbacks_new(&made) == 0, "nghttp2 gives callbacks");
        nghttp2_session_callbacks_set_before_frame_send_callback(made, before_frame_send);
        nghttp2_session_callbacks_set_on_frame_not_send_callback(made, on_frame_not_send);
        nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(made, on_header);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
        nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame);
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, on_invalid_frame);
        nghttp2_session_callbacks_set_on_stream_close_callback(made, on_stream_close);
        return made;
    }
};

Http2Session::Http2Session() {
    static nghttp2_session_callbacks* const callbacks = Http2Callbacks::make();
    nghttp2_option* option = nullptr;
    invariant(nghttp2_option_new(&option) == 0, "nghttp2 gives options");
    nghttp2_option_set_no_closed_streams(option, 1);
    auto memory = memory_for(memory_);
    const int made = nghttp2_session_client_new3(&session_, callbacks, this, option, &memory);
    nghttp2_option_del(option);
    invariant(made == 0, "nghttp2 gives a session");

    const std::array settings{
        nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
    };
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

Http2Session::~Http2Session() {
    nghttp2_session_del(session_);
}

bool Http2Session::submit(Stream& stream, const Fields& fields) {
    std::array<nghttp2_nv, Fields::kMax> list;
    std::transform(fields.begin(), fields.end(), list.begin(), to_nv);
    nghttp2_data_provider body{};
    body.source.ptr = &stream;
    body.read_callback = Http2Callbacks::read_body;
    const auto id =
        nghttp2_submit_request(session_, nullptr, list.data(), fields.size(), &body, &stream);
    if (id < 0) return false;
    stream.id = id;
    unframed_.push_back(&stream);
    return true;
}

void Http2Session::cancel(Stream& stream) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_CANCEL);
}

void Http2Session::send_ping() {
    nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
}

void Http2Session::terminate() {
    nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
}

bool Http2Session::receive(std::string_view bytes) {
    const auto taken = nghttp2_session_mem_recv(session_, bytes_of(bytes), bytes.size());
    if (taken < 0) is_broken_ = true;
    return taken >= 0;
}

bool Http2Session::collect(std::string& out, std::size_t limit) {
    while (out.size() < limit) {
        const std::uint8_t* frame = nullptr;
        const auto size = nghttp2_session_mem_send(session_, &frame);
        if (size < 0) is_broken_ = true;
        if (size <= 0) return size == 0;
        out.append(reinterpret_cast<const char*>(frame), static_cast<std::size_t>(size));
    }
    return true;
}

void Http2Session::abandon(const std::vector<Stream*>& open) {
    is_broken_ = true;
    for (Stream* stream : open) {
        if (stream->end != StreamEnd::open) continue;
        if (!stream->is_framed)
            end(*stream, StreamEnd::never_framed);
        else
            end(*stream, last_id_ ? StreamEnd::goaway_ended : StreamEnd::lost);
    }
}

bool Http2Session::is_finished() const {
    return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

std::uint32_t Http2Session::streams_max() const {
    return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

StreamEnd Http2Session::how_closed(const Stream& stream, std::uint32_t code) const {
    if (stream.reply.is_complete) return StreamEnd::completed;
    if (stream.is_reset_by_peer)
        return code == NGHTTP2_REFUSED_STREAM && !stream.reply.has_headers ? StreamEnd::refused
                                                                           : StreamEnd::reset;
    if (code == NGHTTP2_REFUSED_STREAM && last_id_ && stream.id > *last_id_)
        return StreamEnd::above_goaway;
    return code == NGHTTP2_CANCEL ? StreamEnd::cancelled : StreamEnd::malformed;
}

}  // namespace dispatcher::http2
