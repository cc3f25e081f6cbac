// Device tokens that the gateway called dead: how they are named, and that nothing is sent to them.

#include "engine/sender.h"

namespace dispatcher {

/// The row's device token as the store remembers it; none where the row has no token.
std::vector<DeadToken> Sender::name_token(const OpenClaim& open, std::uint32_t row) {
    open.claim.values_of(open.claim.rows[row], values_);
    auto mark = context_.tokens.mark_of(values_);
    if (mark.empty()) return {};
    std::vector<DeadToken> named(1);
    named.front().mark = std::move(mark);
    return named;
}

/// Whether the gateway called the row's token dead before: then the row is rejected for that
/// reason, and no request is made.
bool Sender::is_dead(std::size_t index, std::uint32_t row, BootTime now) {
    auto& open = *open_[index];
    // What may have been sent already is beyond that.
    if (open.rows[row].is_doubtful) return false;
    const auto& claimed = open.claim.rows[row];
    const auto reason = open.claim.dead_reason(claimed);
    if (!reason) return false;
    context_.journal.mark(open.claim.batch, claimed.slot, SlotState::done, *reason);
    answer_row(open, row, FlagState::rejected, *reason, now);
    return true;
}

}  // namespace dispatcher
