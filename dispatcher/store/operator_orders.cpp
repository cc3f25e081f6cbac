// What operators order about flags: FlagStore's transactions beside the sending of a campaign.

#include <algorithm>

#include "base/invariant.h"
#include "store/flag_store.h"
#include "store/key_merge.h"
#include "store/reopening.h"

namespace dispatcher {
namespace {

/// Keys of one statement, at most.
constexpr std::size_t kKeysMax = 1000;

/// Calls `statement` with so many keys as one may name, until all were named.
template <class Statement>
void in_pages(const AppidList& appids, Statement&& statement) {
    const auto keys = appids.views();
    for (std::size_t i = 0; i < keys.size(); i += kKeysMax)
        statement(std::span(keys).subspan(i, std::min(kKeysMax, keys.size() - i)));
}

bool may_send(const CampaignHead& head) {
    const bool is_expired = head.deadline && *head.deadline <= head.now;
    return !is_expired && (head.state == CampaignState::running ||
                           head.state == CampaignState::reconciling || is_done(head.state));
}

}  // namespace

void FlagStore::resolve(const CampaignHead& campaign, ChunkNo chunk, ClaimId claim,
                        const AppidList& appids, FlagState to, Reason reason) {
    transact([&](StoreSession& s) {
        if (to == FlagState::released) reopen_for_release(s, campaign.id, chunk);
        in_pages(appids, [&](std::span<const std::string_view> keys) {
            s.resolve_keys(campaign.scope, claim, to, reason, keys);
        });
        return true;
    });
}

std::size_t FlagStore::give_second_chances(const CampaignHead& campaign, ChunkNo chunk,
                                           const SecondChances& chances) {
    std::size_t given = 0;
    transact([&](StoreSession& s) {
        given = 0;
        const auto before = s.read_campaign(campaign.id);
        if (!before || !may_send(*before)) return false;
        const auto head = reopen_for_release(s, campaign.id, chunk);
        if (!head || !may_send(*head)) return false;
        for (const auto& [seen, appids] : chances)
            in_pages(appids, [&, &seen = seen](std::span<const std::string_view> keys) {
                s.give_second_chance(campaign.scope, campaign.id, seen, keys);
                s.read_keys(campaign.scope, keys, rows_);
                for (const auto& row : rows_.rows)
                    if (row.campaign == campaign.id && row.state == FlagState::released &&
                        row.tries_before && row.code.reason == second_chance_reason(seen.from))
                        ++given;
            });
        return given > 0;
    });
    return given;
}

std::size_t FlagStore::sweep(const ChunkHead& seen, ScopeId scope, IncarnationId me,
                             std::span<const IncarnationId> dead) {
    std::size_t swept = 0;
    if (seen.state != ChunkState::leased || !is_free(seen, ttl_, dead)) return swept;
    transact([&](StoreSession& s) {
        swept = 0;
        const auto chunk = s.lock_chunk(seen.campaign, seen.no);
        if (!chunk || chunk->state != ChunkState::leased || !is_free(*chunk, ttl_, dead))
            return false;
        const KeyRange range{scope, chunk->key_lo, chunk->key_hi};
        s.read_flags(range, rows_);
        swept = static_cast<std::size_t>(
            std::count_if(rows_.rows.begin(), rows_.rows.end(), [&](const FlagRows::Row& row) {
                return row.campaign == chunk->campaign && row.state == FlagState::claimed &&
                       incarnation_of(row.claim) == chunk->owner;
            }));
        s.lease_chunk(chunk->campaign, chunk->no, chunk->fence, me, ttl_);
        s.sweep(range, chunk->campaign, chunk->owner,
                chunk->owner_closed ? Reason::journal_lost : Reason::lease_expired);
        s.open_chunk(chunk->campaign, chunk->no, std::chrono::milliseconds{0});
        return true;
    });
    return swept;
}

std::vector<CampaignHead> FlagStore::reopen_sisters(const CampaignHead& cancelled) {
    std::vector<CampaignHead> reopened;
    transact([&](StoreSession& s) {
        reopened = reopen_scope(s, cancelled).others;
        return !reopened.empty();
    });
    return reopened;
}

}  // namespace dispatcher
