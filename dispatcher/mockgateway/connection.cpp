#include "mockgateway/connection.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "mockgateway/http1_protocol.h"
#include "mockgateway/http2_protocol.h"

namespace dispatcher::mock {
namespace {

constexpr std::size_t kOutputBytes = 131'072;        // gathered for one write
constexpr std::size_t kInputBytesPerTurn = 262'144;  // then others have their turn
constexpr auto kLingerMax = std::chrono::seconds(2);
/// What every HTTP/2 client says first (RFC 9113 §3.4), and no HTTP/1.1 request begins with.
constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Read as a frame header these bytes announce 16 MiB, more than any peer allowed us; and no
/// HTTP/1.1 answer begins so.
constexpr std::size_t kGarbageBytes = 64;

}  // namespace

Connection::Connection(std::unique_ptr<Transport> transport, const Surroundings& surroundings)
    : transport_(std::move(transport)), surroundings_(surroundings) {
    ++surroundings_.service.stats.connections;
}

Connection::~Connection() {
    --surroundings_.service.stats.connections;
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
        if (phase_ == Phase::serving)
            receive({reinterpret_cast<const char*>(buffer.data()), moved.bytes});
    }
    return !ended();
}

void Connection::receive(std::string_view bytes) {
    if (protocol_) return protocol_->receive(bytes);
    opening_.append(bytes);
    const auto known = std::min(opening_.size(), kHttp2Preface.size());
    const bool is_http2 = !surroundings_.options.http1_only &&
                          kHttp2Preface.starts_with(std::string_view(opening_).substr(0, known));
    if (is_http2 && known < kHttp2Preface.size()) return;
    auto known_now = surroundings_;
    known_now.has_client_certificate = transport_->has_client_certificate();
    if (is_http2)
        protocol_ = std::make_unique<Http2Protocol>(known_now);
    else
        protocol_ = std::make_unique<Http1Protocol>(known_now);
    protocol_->receive(opening_);
    opening_ = {};
}

void Connection::take_due(std::int32_t stream) {
    if (stream == 0 && phase_ == Phase::lingering) phase_ = Phase::ended;
    if (stream != 0 && phase_ == Phase::serving) protocol_->take_due(stream);
}

void Connection::send_output() {
    if (phase_ != Phase::serving || !flush()) return;
    switch (protocol_ ? protocol_->end() : Protocol::End::none) {
        case Protocol::End::none:
            return;
        case Protocol::End::polite:
            return finish(true);
        case Protocol::End::cut:
            phase_ = Phase::ended;
            return;
        case Protocol::End::reset:
            transport_->reset_on_close();
            phase_ = Phase::ended;
            return;
        case Protocol::End::garbage:
            return finish(false);
    }
}

/// Writes all there is; false if the socket takes no more for now, or has ended.
bool Connection::flush() {
    blocked_ = false;
    while (true) {
        if (output_sent_ == output_.size()) {
            output_.clear();
            output_sent_ = 0;
            if (protocol_) protocol_->fill(output_, kOutputBytes);
            if (output_.empty() && protocol_ && protocol_->end() == Protocol::End::garbage &&
                !std::exchange(fouled_, true))
                output_.assign(kGarbageBytes, '\xFF');
        }
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

void Connection::finish(bool politely) {
    transport_->finish_writing(politely);
    phase_ = Phase::lingering;
    surroundings_.delays.push(
        {surroundings_.service.now() + kLingerMax, surroundings_.connection, 0});
}

bool Connection::wants_write() const {
    return !ended() && (blocked_ || transport_->wants_write());
}

}  // namespace dispatcher::mock
