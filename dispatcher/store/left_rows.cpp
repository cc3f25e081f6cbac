#include "store/left_rows.h"

#include "store/key_merge.h"

namespace dispatcher {
namespace {

bool is_held(const FlagRows::Row& row, const LeftRows& batch, bool from_doubt) {
    return row.claim == batch.claim &&
           (row.state == FlagState::claimed || (from_doubt && row.state == FlagState::in_doubt));
}

void read_batch(StoreSession& session, ScopeId scope, const LeftRows& batch, FlagRows& rows) {
    session.read_flags({scope, batch.all.front(), batch.all.back()}, rows);
}

/// Settles those of `appids` that the dead process had won; the record holds what it asked for.
std::size_t settle(StoreSession& session, ScopeId scope, const LeftRows& batch,
                   const FlagRows& flags, const AppidList& appids, const Settled& settled) {
    std::vector<std::string_view> held;
    merge_keys(appids, flags, [&](std::string_view appid, const FlagRows::Row* row) {
        if (row != nullptr && is_held(*row, batch, settled.from_doubt)) held.push_back(appid);
    });
    if (!held.empty()) session.settle_keys(scope, batch.claim, settled, held);
    return held.size();
}

}  // namespace

bool are_unsettled(StoreSession& session, ScopeId scope, std::span<const LeftRows> batches) {
    FlagRows flags;
    for (const auto& batch : batches) {
        read_batch(session, scope, batch, flags);
        bool found = false;
        const auto look = [&](const AppidList& appids, bool from_doubt) {
            merge_keys(appids, flags, [&](std::string_view, const FlagRows::Row* row) {
                found = found || (row != nullptr && is_held(*row, batch, from_doubt));
            });
        };
        look(batch.never_sent, true);
        for (const auto& refused : batch.refused)
            look(refused.appids, refused.settled.from_doubt);
        for (const auto& answered : batch.answered)
            look(answered.appids, answered.settled.from_doubt);
        look(batch.on_the_wire, false);
        if (found) return true;
    }
    return false;
}

RecoveredRows settle_left(StoreSession& session, ScopeId scope, std::span<const LeftRows> batches) {
    Settled release;
    release.to = FlagState::released;
    release.code.reason = Reason::never_written;
    release.from_doubt = true;
    Settled doubt;
    doubt.to = FlagState::in_doubt;
    doubt.code.reason = Reason::killed;
    doubt.tries_added = 1;

    RecoveredRows recovered;
    FlagRows flags;
    for (const auto& batch : batches) {
        read_batch(session, scope, batch, flags);
        recovered.never_sent += settle(session, scope, batch, flags, batch.never_sent, release);
        for (const auto& refused : batch.refused)
            recovered.refused +=
                settle(session, scope, batch, flags, refused.appids, refused.settled);
        for (const auto& answered : batch.answered)
            recovered.answered +=
                settle(session, scope, batch, flags, answered.appids, answered.settled);
        recovered.in_doubt += settle(session, scope, batch, flags, batch.on_the_wire, doubt);
    }
    return recovered;
}

}  // namespace dispatcher
