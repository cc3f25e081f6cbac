#include "engine/recovery.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/crash_point.h"

namespace dispatcher {
namespace {

/// How a recorded answer settles its row.
Settled settled_by(Reason reason) {
    Settled settled;
    settled.code.reason = reason;
    settled.tries_added = 1;
    settled.from_doubt = true;
    const auto number = static_cast<std::uint16_t>(reason);
    if (reason == Reason::none) {
        settled.to = FlagState::delivered;
    } else if (number >= 400) {
        settled.to = FlagState::in_doubt;
        settled.from_doubt = false;
    } else {
        settled.to = FlagState::rejected;
    }
    return settled;
}

/// How an answer releases its row that proves it not processed: as the live sender would have.
Settled released_by(Reason reason) {
    using enum Reason;
    Settled settled;
    settled.to = FlagState::released;
    settled.from_doubt = true;
    // A rejection that was withheld, until it was known whether the campaign was to blame.
    const bool was_withheld = static_cast<std::uint16_t>(reason) < 300;
    settled.code.reason = was_withheld ? campaign_fault : reason;
    settled.tries_added = was_withheld || reason == too_many_requests ||
                                  reason == service_unavailable || reason == key_in_progress
                              ? 1
                              : 0;
    return settled;
}

LeftRows sort_rows(const LeftBatch& batch) {
    LeftRows rows;
    rows.claim = batch.record.claim;
    rows.all = batch.record.appids;
    std::map<Reason, AppidList> answered;
    std::map<Reason, AppidList> refused;
    for (std::size_t i = 0; i < batch.slots.size(); ++i) {
        const auto appid = batch.record.appids[i];
        switch (batch.slots[i].state) {
            case SlotState::free:
                break;
            case SlotState::claimed:
                (batch.slots[i].reason == Reason::none ? rows.never_sent
                                                       : refused[batch.slots[i].reason])
                    .push(appid);
                break;
            case SlotState::wire:
                rows.on_the_wire.push(appid);
                break;
            case SlotState::done:
                answered[batch.slots[i].reason].push(appid);
                break;
        }
    }
    for (auto& [reason, appids] : answered)
        rows.answered.push_back({settled_by(reason), std::move(appids)});
    for (auto& [reason, appids] : refused)
        rows.refused.push_back({released_by(reason), std::move(appids)});
    return rows;
}

}  // namespace

void recover_dead(JournalDirectory& journals, FlagStore& flags, IncarnationId me,
                  Recovered& recovered) {
    for (const auto& journal : journals.take_dead()) {
        crash_point("CP22");
        std::map<std::tuple<CampaignId, ScopeId, ChunkNo>, std::vector<LeftRows>> by_chunk;
        for (const auto& batch : journal.batches)
            by_chunk[{batch.record.campaign, batch.record.scope, batch.record.chunk}].push_back(
                sort_rows(batch));
        for (const auto& [place, batches] : by_chunk) {
            const auto& [campaign, scope, chunk] = place;
            const auto rows =
                flags.recover(campaign, scope, chunk, journal.incarnation, me, batches);
            recovered.never_sent += rows.never_sent;
            recovered.refused += rows.refused;
            recovered.answered += rows.answered;
            recovered.in_doubt += rows.in_doubt;
        }
        // Chunks that it leased without an open batch, and all claims of an untrusted journal, are
        // swept by whoever leases them next: a closed incarnation's lease counts as ended.
        flags.close_incarnation(journal.incarnation);
        crash_point("CP24");
        journals.remove(journal.incarnation);
        recovered.incarnations += 1;
        recovered.untrusted += journal.is_trusted ? 0 : 1;
        recovered.dead.push_back(journal.incarnation);
    }
}

}  // namespace dispatcher
