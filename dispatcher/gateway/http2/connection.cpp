#include "gateway/http2/connection.h"

#include <algorithm>

#include "gateway/http2/http1_session.h"
#include "gateway/http2/http2_session.h"

namespace dispatcher::http2 {
namespace {

/// One write takes at most about this much.
constexpr std::size_t kFramesBytes = 128 * 1024;
/// Frames are collected up to this, so that the last one stays within the buffer.
constexpr std::size_t kFramesFull = kFramesBytes - 17 * 1024;
/// One connection's share of a turn, so that a flood on one does not starve the others.
constexpr std::size_t kTurnBytes = 1024 * 1024;

}  // namespace

Connection::~Connection() {
    close({});
}

Connection::Connection(const Address& address, const Endpoint& endpoint, const TlsContext* tls,
                       const Limits& limits, Scratch& scratch, BootTime now)
    : limits_(limits),
      scratch_(scratch),
      transport_(address, endpoint, tls),
      opened_at_(now),
      deadline_(now + kOpeningMax),
      heard_at_(now) {
    scratch_.frames.reserve(kFramesBytes);
    check_end();
}

std::size_t Connection::room(BootTime now, bool is_cold_limited) const {
    if (stage_ != Stage::ready || session_->is_leaving()) return 0;
    if (transport_.is_blocked() || transport_.is_write_dead()) return 0;
    if (pings_ != session_->pongs() || is_quiet(now)) return 0;
    const auto limit = streams_max(is_cold_limited);
    return limit - std::min(limit, open_);
}

bool Connection::is_quiet(BootTime now) const {
    return now - heard_at_ > session_->quiet_max();
}

std::size_t Connection::streams_max(bool is_cold_limited) const {
    const auto limit = std::min<std::size_t>(limits_.in_flight, session_->streams_max());
    return is_cold_limited && !is_warm ? std::min<std::size_t>(limit, 1) : limit;
}

bool Connection::submit(Stream& stream, const Fields& fields, BootTime now) {
    if (is_single_file()) {
        // There are no GOAWAYs: whether the server closed it is only known by reading.
        transport_.advance();
        read_all(now);
        check_end();
        if (stage_ != Stage::ready) return false;
    }
    if (!session_->submit(stream, fields)) {
        drain(now);
        return false;
    }
    stream.connection = this;
    ++open_;
    return true;
}

void Connection::flush() {
    if (transport_.stage() != Transport::Stage::open || !session_) return;
    while (!transport_.is_blocked()) {
        scratch_.frames.clear();
        const bool is_sound = session_->collect(scratch_.frames, kFramesFull);
        transport_.write(scratch_.frames);
        transport_.flush();
        if (!is_sound) {
            close("HTTP/2: no frame can be made");
            return;
        }
        if (scratch_.frames.size() < kFramesFull) return;
    }
}

void Connection::turn(BootTime now) {
    if (stage_ == Stage::closed) return;
    transport_.advance();
    transport_.flush();
    if (!session_ && transport_.stage() == Transport::Stage::open) begin(now);
    read_all(now);
    if (stage_ != Stage::closed) flush();
    check_end();
    if (stage_ == Stage::opening && session_ && session_->is_ready()) {
        stage_ = Stage::ready;
        heard_at_ = now;
    }
    if (stage_ == Stage::ready && session_->is_leaving()) drain(now);
}

void Connection::begin(BootTime now) {
    if (transport_.is_http2())
        session_ = std::make_unique<Http2Session>();
    else
        session_ = std::make_unique<Http1Session>();
    heard_at_ = now;
}

void Connection::read_all(BootTime now) {
    is_unfinished_ = false;
    for (std::size_t total = 0;;) {
        const auto bytes = transport_.read(scratch_.received);
        if (bytes.empty()) return;
        heard_at_ = now;
        if (!session_->receive(bytes)) {
            close("what the gateway sent cannot be read as HTTP");
            return;
        }
        total += bytes.size();
        if (total >= kTurnBytes) {
            is_unfinished_ = true;
            return;
        }
    }
}

void Connection::check_end() {
    if (stage_ == Stage::closed) return;
    if (transport_.stage() == Transport::Stage::ended)
        close(transport_.trouble());
    else if (session_ && session_->is_finished())
        close(session_->is_leaving() ? "" : "HTTP/2: the gateway broke the protocol");
    else if (stage_ == Stage::draining && open_ == 0)
        close({});
}

void Connection::tick(BootTime now) {
    if (stage_ == Stage::opening && now >= deadline_) {
        close("no HTTP connection within " + std::to_string(kOpeningMax.count()) + " s");
    } else if (stage_ == Stage::draining && (now >= deadline_ || open_ == 0)) {
        close(open_ == 0 ? std::string() : "requests were not answered in time");
    } else if (stage_ == Stage::ready && session_->is_leaving()) {
        drain(now);
        check_end();
    } else if (stage_ == Stage::ready && pings_ != session_->pongs()) {
        if (now >= ping_deadline_) drain(now);
    } else if (stage_ == Stage::ready && is_quiet(now)) {
        if (session_->has_pings())
            start_ping(now);
        else if (open_ == 0)
            retire();
    }
}

void Connection::retire() {
    is_retired_ = true;
    close({});
}

BootTime Connection::next_tick() const {
    switch (stage_) {
        case Stage::opening:
        case Stage::draining:
            return deadline_;
        case Stage::ready:
            if (pings_ != session_->pongs()) return ping_deadline_;
            if (is_single_file() && open_ > 0) return BootTime::max();
            return heard_at_ + session_->quiet_max() + std::chrono::milliseconds(1);
        case Stage::closed:
            break;
    }
    return BootTime::min();
}

void Connection::start_ping(BootTime now) {
    session_->send_ping();
    ++pings_;
    ping_deadline_ = now + kPingMax;
    flush();
    check_end();
}

void Connection::suspect(BootTime sent_at, BootTime now) {
    if (stage_ == Stage::ready && session_->has_pings() && heard_at_ <= sent_at &&
        pings_ == session_->pongs())
        start_ping(now);
}

bool Connection::lingers_too_much(bool is_cold_limited) const {
    return lingering * 2 > streams_max(is_cold_limited);
}

void Connection::drain(BootTime now) {
    if (stage_ != Stage::ready) return;
    stage_ = Stage::draining;
    deadline_ = now + limits_.drain_time;
}

void Connection::close(std::string trouble) {
    if (stage_ == Stage::closed) return;
    if (transport_.stage() == Transport::Stage::open && session_) {
        session_->terminate();
        scratch_.frames.clear();
        if (session_->collect(scratch_.frames, kFramesFull)) {
            transport_.write(scratch_.frames);
            transport_.flush();
        }
    }
    stage_ = Stage::closed;
    trouble_ = std::move(trouble);
}

}  // namespace dispatcher::http2
