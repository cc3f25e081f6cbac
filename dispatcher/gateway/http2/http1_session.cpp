#include "gateway/http2/http1_session.h"

#include <algorithm>

namespace dispatcher::http2 {

/// The pseudo header fields of HTTP/2 become the request line and Host.
bool Http1Session::submit(Stream& stream, const Fields& fields) {
    if (current_ != nullptr || is_leaving_) return false;
    const auto value_of = [&](std::string_view name) {
        const auto* found = std::find_if(fields.begin(), fields.end(),
                                         [&](const auto& field) { return field.name == name; });
        return found == fields.end() ? std::string_view() : found->value;
    };
    unsent_.clear();
    unsent_.append(value_of(":method")).append(" ").append(value_of(":path"));
    unsent_.append(" HTTP/1.1\r\nhost: ").append(value_of(":authority")).append("\r\n");
    for (const auto& [name, value, is_indexed] : fields)
        if (!name.starts_with(':')) unsent_.append(name).append(": ").append(value).append("\r\n");
    unsent_.append("\r\n").append(stream.request.body);
    current_ = &stream;
    stream.id = ++requests_;
    reader_.start();
    return true;
}

/// What is not collected yet never will be; after what is, nothing else can follow on this
/// connection, for its answer would be taken for the next one's.
void Http1Session::cancel(Stream& stream) {
    if (current_ != &stream) return;
    end_current(stream.is_framed ? StreamEnd::cancelled : StreamEnd::never_framed);
    is_leaving_ = true;
}

bool Http1Session::collect(std::string& out, std::size_t) {
    if (unsent_.empty()) return true;
    out.append(unsent_);
    unsent_.clear();
    current_->is_framed = true;
    return true;
}

bool Http1Session::receive(std::string_view bytes) {
    if (current_ == nullptr || !current_->is_framed) {
        // Nobody asked for it.
        is_leaving_ = true;
        return false;
    }
    const auto beyond = reader_.feed(bytes);
    take_reply();
    if (!reader_.is_complete() && !reader_.is_broken()) return true;
    const bool is_sound = !reader_.is_broken() && beyond.empty();
    current_->reply.is_complete = reader_.is_complete();
    // A status that came whole counts, whatever followed it.
    end_current(reader_.status() != 0 ? StreamEnd::completed : StreamEnd::malformed);
    kept_for_ = reader_.kept_for();
    if (!is_sound || !reader_.keeps_connection()) is_leaving_ = true;
    return is_sound;
}

void Http1Session::take_reply() {
    auto& reply = current_->reply;
    reply.status = reader_.status();
    reply.has_headers = reader_.has_begun();
    reply.retry_after = reader_.retry_after();
    reply.body = reader_.body();
    reply.body_bytes = reader_.body_bytes();
}

void Http1Session::abandon(const std::vector<Stream*>& open) {
    is_leaving_ = true;
    reader_.finish();
    for (Stream* stream : open) {
        if (stream->end != StreamEnd::open) continue;
        if (stream == current_) {
            stream->reply.is_complete = stream->is_framed && reader_.is_complete();
            end_current(stream->is_framed ? StreamEnd::lost : StreamEnd::never_framed);
        } else {
            end(*stream, stream->is_framed ? StreamEnd::lost : StreamEnd::never_framed);
        }
    }
}

void Http1Session::end_current(StreamEnd how) {
    end(*current_, how);
    current_ = nullptr;
    unsent_.clear();
}

std::chrono::nanoseconds Http1Session::quiet_max() const {
    if (!kept_for_) return kIdleMax;
    const auto margin = std::chrono::seconds(1);
    return std::min(kIdleMax, std::max(*kept_for_ - margin, std::chrono::seconds(0)));
}

}  // namespace dispatcher::http2
