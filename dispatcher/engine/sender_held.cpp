// Rows that wait for another try, or for room at their own service.

#include <algorithm>

#include "base/crash_point.h"
#include "engine/sender.h"

namespace dispatcher {
namespace {

using std::chrono::milliseconds;

/// Re-sends within one claim after proofs of not sent; then the row is released.
constexpr std::uint8_t kResendsMax = 5;
constexpr milliseconds kResendDelay{20};
/// A row whose own service has no room is looked at again after this, so many times, and is then
/// released for a while.
constexpr milliseconds kAsideDelay{20};
constexpr std::uint8_t kAsidesMax = 100;
constexpr milliseconds kAsideDue{1000};

}  // namespace

/// Re-sends the held row that is due, if there is one.
bool Sender::send_held(BootTime now) {
    while (!held_.empty() && held_.top().due <= now) {
        const auto held = held_.top();
        held_.pop();
        if (is_held(held) && submit_row(held.open, held.row, now)) return true;
    }
    return false;
}

/// Sends the row set aside longest, if it is time to look at it again and it has room now.
bool Sender::send_aside(BootTime now) {
    while (!aside_.empty() && aside_.front().due <= now) {
        const auto held = aside_.front();
        aside_.pop_front();
        if (is_held(held) && submit_row(held.open, held.row, now)) return true;
    }
    return false;
}

bool Sender::is_held(const Held& held) const {
    const auto& open = open_[held.open];
    return open && open->serial == held.serial && open->rows[held.row].phase == Phase::held;
}

void Sender::retry_refused(std::size_t index, std::uint32_t row, const Outcome& outcome,
                           BootTime now) {
    auto& open = *open_[index];
    auto& state = open.rows[row];
    state.tries_added += 1;
    context_.journal.mark(open.claim.batch, open.claim.rows[row].slot, SlotState::claimed,
                          outcome.reason);
    const auto tries = static_cast<std::uint16_t>(open.claim.rows[row].tries + state.tries_added);
    const auto delay =
        context_.settings.retry.delay_after(tries, outcome.retry_after, context_.random.next());
    if (delay && *delay <= context_.options.hold_up_to &&
        held_.size() < context_.options.held_retries && !control_.is_stopping()) {
        hold(index, row, now + *delay);
        return;
    }
    state.due_in = delay.value_or(milliseconds{0});
    answer_row(open, row, FlagState::released, outcome.reason, now);
}

void Sender::retry_not_sent(std::size_t index, std::uint32_t row, const Outcome& outcome,
                            BootTime now) {
    auto& open = *open_[index];
    auto& state = open.rows[row];
    crash_point("CP17");
    context_.journal.mark(open.claim.batch, open.claim.rows[row].slot, SlotState::claimed,
                          outcome.reason);
    crash_point("CP18");
    const bool may_resend =
        !outcome.retry_after && (outcome.gateway_down || state.resends < kResendsMax);
    if (may_resend && held_.size() < context_.options.held_retries && !control_.is_stopping()) {
        if (!outcome.gateway_down) ++state.resends;
        hold(index, row, now + kResendDelay * (1 + state.resends));
        return;
    }
    state.due_in = outcome.retry_after.value_or(kDownDue);
    answer_row(open, row, FlagState::released, outcome.reason, now);
}

/// Its own service has no room: others go first, and it is looked at again soon.
void Sender::set_aside(std::size_t index, std::uint32_t row, BootTime now) {
    auto& open = *open_[index];
    auto& state = open.rows[row];
    if (state.asides < kAsidesMax) {
        ++state.asides;
        state.phase = Phase::held;
        aside_.push_back({now + kAsideDelay, index, open.serial, row});
        return;
    }
    state.due_in = kAsideDue;
    answer_row(open, row, FlagState::released, Reason::never_framed, now);
}

void Sender::hold(std::size_t index, std::uint32_t row, BootTime due) {
    auto& open = *open_[index];
    open.rows[row].phase = Phase::held;
    held_.push({due, index, open.serial, row});
}

}  // namespace dispatcher
