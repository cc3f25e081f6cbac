// Device tokens that the gateway called dead: how they are named, and that nothing is sent to them.

#include "engine/sender.h"

namespace dispatcher {

/// The row's device token as the store remembers it; nothing where the row has none.
std::optional<DeadToken> Sender::name_token(const OpenClaim& open, std::uint32_t row) {
    open.claim.values_of(open.claim.rows[row], values_);
    DeadToken token;
    token.mark = context_.tokens.mark_of(values_);
    if (token.mark.empty()) return std::nullopt;
    return token;
}

/// The row's device as whoever keeps the tokens knows it.
DeadDevice Sender::name_device(const OpenClaim& open, std::uint32_t row) {
    open.claim.chunk->data->row(open.claim.rows[row].row, values_);
    DeadDevice device;
    device.appid = open.appid(row);
    device.token = context_.tokens.token_of(values_);
    return device;
}

/// Remembers the row's token, if that is what the gateway's rejection says of it.
void Sender::note_dead(OpenClaim& open, std::uint32_t row, Reason reason,
                       std::optional<WallTime> dead_since) {
    if (!is_dead_token(reason)) return;
    auto device = name_device(open, row);
    device.reason = reason;
    device.at = dead_since.value_or(context_.clock.wall());
    auto token = name_token(open, row);
    if (token) {
        token->reason = reason;
        token->dead_since = dead_since;
    }
    open.note_dead(std::move(device), std::move(token));
}

/// Whether the gateway called the row's token dead before: then the row is rejected for that
/// reason, and no request is made.
bool Sender::is_dead(std::size_t index, std::uint32_t row, BootTime now) {
    auto& open = *open_[index];
    // What may have been sent already is beyond that.
    if (open.rows[row].is_doubtful) return false;
    const auto reason = open.claim.dead_reason(open.claim.rows[row]);
    if (!reason) return false;
    reject_for_good(open, row, *reason, now);
    return true;
}

}  // namespace dispatcher
