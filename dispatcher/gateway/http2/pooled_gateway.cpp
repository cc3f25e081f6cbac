#include "gateway/http2/pooled_gateway.h"

#include <algorithm>
#include <iterator>

namespace dispatcher::http2 {
namespace {

/// Streams that are only read for, over all connections, for each one that may be in flight.
constexpr std::size_t kLingeringShare = 1;

/// Part C of the classification: what the end of a stream without a final status proves.
Verdict verdict_of(StreamEnd end, bool is_contradicted) {
    switch (end) {
        case StreamEnd::never_framed:
            return {Outcome::not_sent(Reason::never_framed), "never framed"};
        case StreamEnd::above_goaway:
            if (is_contradicted)
                return {Outcome::unknown(Reason::goaway_unanswered), "contradictory GOAWAY"};
            return {Outcome::not_sent(Reason::goaway), "GOAWAY"};
        case StreamEnd::refused:
            return {Outcome::not_sent(Reason::refused_stream), "REFUSED_STREAM"};
        case StreamEnd::reset:
        case StreamEnd::cancelled:
            return {Outcome::unknown(Reason::stream_reset), "RST_STREAM"};
        case StreamEnd::goaway_ended:
            return {Outcome::unknown(Reason::goaway_unanswered), "connection ended after GOAWAY"};
        case StreamEnd::lost:
            return {Outcome::unknown(Reason::connection_lost), "connection ended"};
        case StreamEnd::open:
        case StreamEnd::completed:
        case StreamEnd::malformed:
            break;
    }
    return {Outcome::unknown(Reason::bad_answer), "no HTTP response"};
}

}  // namespace

PooledGateway::PooledGateway(const GatewayOptions& options, Endpoint endpoint,
                             std::unique_ptr<Service> service, Clock& clock, Random& random,
                             Reach reach)
    : timeout_(options.timeout),
      lingering_max_(kLingeringShare * options.connections_max() * options.in_flight),
      clock_(clock),
      service_(std::move(service)),
      pool_(options, std::move(endpoint), service_->needs_warm_up(), clock, random,
            std::move(reach)) {
    service_->tell_changes(pool_.caller());
}

std::size_t PooledGateway::capacity() const {
    is_wanted_ = true;
    const auto now = clock_.now();
    switch (service_->standing(now)) {
        case Standing::ready:
            return pool_.room(now);
        case Standing::waiting:
            return 0;
        case Standing::refused:
            break;
    }
    return 1;  // whoever submits is told of the fault
}

Gateway::Health PooledGateway::health() const {
    auto health = pool_.health();
    return health.trouble.empty() ? service_->health() : health;
}

void PooledGateway::submit(Ticket ticket, const Notification& notification) {
    const auto now = clock_.now();
    if (const auto standing = service_->standing(now); standing != Standing::ready) {
        const bool is_refused = standing == Standing::refused;
        unsubmitted_.push_back(
            {ticket,
             is_refused ? Outcome::campaign_fault() : Outcome::not_sent(Reason::never_framed),
             is_refused ? "credentials refused" : "no credentials yet"});
        return;
    }
    Connection* connection = pool_.pick(now);
    if (connection == nullptr) {
        const bool is_down = !pool_.health().trouble.empty();
        unsubmitted_.push_back(
            {ticket,
             Outcome::not_sent(is_down ? Reason::unreachable : Reason::never_framed, is_down),
             "no connection with room"});
        return;
    }
    Stream& stream = take_stream();
    stream.ticket = ticket;
    stream.submitted_at = now;
    stream.deadline = now + timeout_;
    fields_.clear();
    service_->compose(notification, now, connection->memory, stream.request, fields_, stream.memo);
    if (connection->submit(stream, fields_, now)) return;
    give_back(stream);
    unsubmitted_.push_back({ticket, Outcome::not_sent(Reason::never_framed), "no stream id left"});
}

/// Plan: frame what was submitted; then, until there is something to tell, wait for sockets, read
/// before looking at any time limit, and take the streams that ended.
void PooledGateway::wait(BootTime deadline, Answers& answers) {
    const auto answered_before = answers.size();
    const bool is_wanted = is_wanted_ || !waiting_.empty();
    is_wanted_ = false;
    std::move(unsubmitted_.begin(), unsubmitted_.end(), std::back_inserter(answers));
    unsubmitted_.clear();
    pool_.flush();
    auto now = clock_.now();
    const auto room_before = pool_.room(now);
    close_finished(now, answers);
    for (;;) {
        if (is_wanted) pool_.open_missing(now);
        auto until =
            answers.size() > answered_before ? now : std::min(deadline, pool_.next_tick(is_wanted));
        if (!waiting_.empty()) until = std::min(until, waiting_.front().deadline);
        pool_.poll(until);
        now = clock_.now();
        pool_.for_each([&](Connection& connection) { settle_ended(connection, now, answers); });
        expire(now, answers);
        pool_.tick(now);
        close_finished(now, answers);
        const bool is_called = pool_.take_wake();
        if (answers.size() > answered_before || is_called || now >= deadline ||
            pool_.room(now) > room_before)
            return;
    }
}

BootTime PooledGateway::next_tick() const {
    if (!unsubmitted_.empty()) return BootTime::min();
    const auto tick = pool_.next_tick(is_wanted_ || !waiting_.empty());
    return waiting_.empty() ? tick : std::min(tick, waiting_.front().deadline);
}

Stream& PooledGateway::take_stream() {
    if (idle_.empty()) {
        idle_.emplace_front();
        idle_.front().place = idle_.begin();
    }
    waiting_.splice(waiting_.end(), idle_, idle_.begin());
    return waiting_.back();
}

PooledGateway::Streams& PooledGateway::list_of(const Stream& stream) {
    if (stream.is_settled) return settled_;
    return stream.is_answered ? lingering_ : waiting_;
}

void PooledGateway::give_back(Stream& stream) {
    // To the front: the memory used last is used next.
    idle_.splice(idle_.begin(), list_of(stream), stream.place);
    stream.clear();
}

void PooledGateway::settle_ended(Connection& connection, BootTime now, Answers& answers) {
    connection.take_ended([&](Stream& stream) { finish(stream, now, answers); });
}

void PooledGateway::finish(Stream& stream, BootTime now, Answers& answers) {
    auto& connection = *stream.connection;
    connection.forget_stream();
    if (!stream.is_settled) {
        const bool is_late = stream.is_answered;
        const auto verdict = judge(stream, now);
        if (is_late) --connection.lingering;
        if (!is_late || verdict.outcome.kind != Outcome::Kind::unknown)
            answers.push_back({stream.ticket, verdict.outcome, verdict.detail});
    }
    give_back(stream);
}

Verdict PooledGateway::judge(Stream& stream, BootTime now) {
    auto& connection = *stream.connection;
    if (stream.reply.status == 0)
        return verdict_of(stream.end, connection.has_contradicted_itself());
    const auto verdict = service_->judge(stream.reply, stream.memo, now);
    pool_.note_reply(connection);
    if (!stream.is_answered)
        pool_.note_speed(stream.submitted_at, now, verdict.outcome.kind == Outcome::Kind::refused);
    if (verdict.proves_credentials) pool_.note_proof(connection);
    if (verdict.ends_connection) connection.drain(now);
    return verdict;
}

void PooledGateway::expire(BootTime now, Answers& answers) {
    while (!waiting_.empty() && waiting_.front().deadline <= now)
        time_out(waiting_.front(), now, answers);
    while (lingering_.size() > lingering_max_)
        drop_eldest_lingering();
}

void PooledGateway::time_out(Stream& stream, BootTime now, Answers& answers) {
    auto& connection = *stream.connection;
    const bool is_decided = stream.reply.status != 0 || !stream.is_framed;
    if (!is_decided) {
        answers.push_back({stream.ticket, Outcome::unknown(Reason::timeout), "no answer in time"});
        lingering_.splice(lingering_.end(), waiting_, stream.place);
        stream.is_answered = true;
        ++connection.lingering;
        connection.suspect(stream.submitted_at, now);
        pool_.note_silence();
        if (connection.lingers_too_much(pool_.needs_warm_up())) connection.drain(now);
        return;
    }
    if (stream.reply.status == 0) stream.end = StreamEnd::never_framed;
    const auto verdict = judge(stream, now);
    stream.end = StreamEnd::open;
    answers.push_back({stream.ticket, verdict.outcome, verdict.detail});
    settled_.splice(settled_.end(), waiting_, stream.place);
    stream.is_answered = stream.is_settled = true;
    connection.cancel(stream);
}

void PooledGateway::drop_eldest_lingering() {
    Stream& stream = lingering_.front();
    settled_.splice(settled_.end(), lingering_, stream.place);
    stream.is_settled = true;
    --stream.connection->lingering;
    stream.connection->cancel(stream);
}

void PooledGateway::close_finished(BootTime now, Answers& answers) {
    bool is_any_closed = false;
    pool_.for_each([&](Connection& connection) {
        settle_ended(connection, now, answers);
        if (connection.stage() != Connection::Stage::closed) return;
        is_any_closed = true;
        std::vector<Stream*> open;
        for (Streams* list : {&waiting_, &lingering_, &settled_})
            for (Stream& stream : *list)
                if (stream.connection == &connection) open.push_back(&stream);
        connection.abandon(open);
        settle_ended(connection, now, answers);
    });
    if (is_any_closed) pool_.remove_closed(now);
}

}  // namespace dispatcher::http2
