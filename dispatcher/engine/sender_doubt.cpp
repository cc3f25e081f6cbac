// Rows that may have been sent, at a gateway whose receiver knows a repeated request by its key:
// they are sent again under the same claim, until an answer tells or nothing more can be learnt.
// Their journal slot stays `wire` all the while, so that after a crash they are in doubt; nothing
// but an answer that concerns the device ever proves that they were not sent.

#include <fmt/format.h>

#include "engine/sender.h"
#include "engine/sent_row.h"

namespace dispatcher {
namespace {

/// A claim is kept open, and its lease renewed, no longer than this for one repeated request.
constexpr std::chrono::minutes kDoubtHeldMax{10};
/// How soon a doubtful row tries again that could not be sent at all.
constexpr std::chrono::milliseconds kUnsentDelay{200};

}  // namespace

/// The request may have been processed: it is repeated if that is harmless, else in doubt.
void Sender::face_doubt(std::size_t index, std::uint32_t row, const Outcome& outcome,
                        BootTime now) {
    auto& state = open_[index]->rows[row];
    if (!state.is_doubtful) state.reason = outcome.reason;
    if (hold_doubtful(index, row, outcome, now)) return;
    put_in_doubt(index, row, now);
}

bool Sender::may_repeat(const OpenClaim::Row& row, BootTime at) const {
    return repeatable_for_ && at - row.sent_at < *repeatable_for_;
}

bool Sender::hold_doubtful(std::size_t index, std::uint32_t row, const Outcome& outcome,
                           BootTime now) {
    const auto& open = *open_[index];
    auto& state = open_[index]->rows[row];
    const auto tries = static_cast<std::uint16_t>(open.claim.rows[row].tries + state.tries_added);
    const auto delay = outcome.kind == Outcome::Kind::not_sent
                           ? std::optional(kUnsentDelay)
                           : context_.settings.retry.delay_after(tries, outcome.retry_after,
                                                                 context_.random.next());
    if (!delay || *delay > kDoubtHeldMax || !may_repeat(state, now + *delay)) return false;
    if (held_.size() >= context_.options.held_retries || control_.is_stopping()) return false;
    state.is_doubtful = true;
    hold(index, row, now + *delay);
    return true;
}

void Sender::put_in_doubt(std::size_t index, std::uint32_t row, BootTime now) {
    auto& open = *open_[index];
    const auto reason = open.rows[row].reason;
    context_.journal.mark(open.claim.batch, open.claim.rows[row].slot, SlotState::done, reason);
    answer_row(open, row, FlagState::in_doubt, reason, now);
    if (reason != Reason::timeout) return;
    auto question = open.identify(context_.campaign.id);
    if (auto token = name_token(open, row)) question.dead.push_back(std::move(*token));
    late_.expect(SentRow{index, open.serial, row}.ticket(), std::move(question),
                 name_device(open, row));
}

/// What a repeated request was answered; false where that is treated as for any other row.
bool Sender::handle_doubtful(std::size_t index, std::uint32_t row, const Outcome& outcome,
                             BootTime now) {
    auto& state = open_[index]->rows[row];
    if (!state.is_doubtful) return false;
    using enum Outcome::Kind;
    switch (outcome.kind) {
        case accepted:
        case unknown:
            return false;
        case rejected:
            // One that may be the configuration's fault says nothing about the request before.
            if (!outcome.suspicious) return false;
            put_in_doubt(index, row, now);
            return true;
        case refused:
            state.tries_added += 1;
            face_doubt(index, row, outcome, now);
            return true;
        case not_sent:
            face_doubt(index, row, outcome, now);
            return true;
        case campaign_fault:
            put_in_doubt(index, row, now);
            control_.stop(LaneStop::campaign_fault,
                          fmt::format("gateway {}: {}", context_.gateway_name, gateway_.fault()));
            return true;
    }
    return false;
}

/// An answer to a request that timed out, before it was repeated.
bool Sender::settle_held_doubt(const GatewayAnswer& answer, BootTime now) {
    const auto [index, serial, row] = SentRow::of(answer.ticket);
    auto* open = open_[index].get();
    if (open == nullptr || open->serial != serial) return false;
    auto& state = open->rows[row];
    if (state.phase != Phase::held || !state.is_doubtful) return false;
    state.tries_added -= 1;  // counted when it timed out
    if (answer.outcome.kind == Outcome::Kind::accepted)
        accept(*open, row, now);
    else if (answer.outcome.kind == Outcome::Kind::rejected && !answer.outcome.suspicious)
        reject(*open, row, answer.outcome, now);
    else
        state.tries_added += 1;
    return true;
}

}  // namespace dispatcher
