#include "store/flag_store.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/crash_point.h"
#include "base/invariant.h"
#include "store/claim_choice.h"
#include "store/key_merge.h"
#include "store/reopening.h"

namespace dispatcher {
namespace {

/// Keys of one statement, at most.
constexpr std::size_t kKeysMax = 1000;
constexpr std::uint16_t kGiveUpNever = 0xFFFF;

[[noreturn]] void fail_as_lost(const ChunkHead& seen, Fence fence, std::uint64_t claim_seq) {
    throw StoreError(
        StoreError::Kind::durability_lost,
        fmt::format("chunk {} stands at fence {}, claim {}, but {}, {} were "
                    "acknowledged: the database lost commits",
                    seen.no.value, seen.fence.value, seen.claim_seq, fence.value, claim_seq));
}

}  // namespace

bool is_free(const ChunkHead& chunk, std::chrono::milliseconds ttl,
             std::span<const IncarnationId> dead) {
    if (chunk.state == ChunkState::closed || chunk.due_at > chunk.now) return false;
    if (chunk.state == ChunkState::open || chunk.owner_closed) return true;
    if (chunk.lease_until < chunk.now || chunk.lease_until > chunk.now + 2 * ttl) return true;
    return std::find(dead.begin(), dead.end(), chunk.owner) != dead.end();
}

StoreSession& FlagStore::session() {
    if (!session_) session_ = store_.connect();
    return *session_;
}

/// Runs `work(session)` between BEGIN and COMMIT. `work` answers false where there is nothing to
/// commit. A definite error rolls back and keeps the session; after an ambiguous one the session
/// may still be running our statement somewhere, so it is dropped.
void FlagStore::transact(const std::function<bool(StoreSession&)>& work) {
    auto& s = session();
    try {
        s.begin();
        if (work(s))
            s.commit();
        else
            s.rollback();
    } catch (const StoreError& error) {
        using enum StoreError::Kind;
        if (error.kind() == ambiguous || error.kind() == unavailable)
            disconnect();
        else
            s.rollback();
        throw;
    }
}

std::vector<ChunkHead> FlagStore::leasable(CampaignId campaign, GatewayNo gateway,
                                           std::span<const IncarnationId> dead, std::size_t limit) {
    std::vector<ChunkHead> chunks;
    transact([&](StoreSession& s) {
        chunks.clear();
        if (s.is_admitted()) chunks = s.leasable_chunks(campaign, gateway, ttl_, dead, limit);
        return false;
    });
    return chunks;
}

std::optional<ChunkHead> FlagStore::lease(const ChunkHead& wanted, ScopeId scope, IncarnationId me,
                                          std::span<const IncarnationId> dead) {
    std::optional<ChunkHead> leased;
    crash_point("CP03");
    transact([&](StoreSession& s) {
        const auto seen = s.lock_chunk(wanted.campaign, wanted.no);
        if (!seen) return false;
        const bool is_mine = seen->owner == me && seen->state == ChunkState::leased;
        if (is_mine && seen->fence.value == wanted.fence.value + 1) {
            leased = *seen;  // an earlier try whose answer was lost
            return false;
        }
        if (!is_mine && (!is_free(*seen, ttl_, dead) || !s.is_admitted())) return false;
        s.lease_chunk(seen->campaign, seen->no, seen->fence, me, ttl_);
        if (seen->owner.value != 0 && seen->owner != me)
            s.sweep({scope, seen->key_lo, seen->key_hi}, seen->campaign, seen->owner,
                    seen->owner_closed ? Reason::journal_lost : Reason::lease_expired);
        leased = *seen;
        leased->owner = me;
        leased->state = ChunkState::leased;
        leased->fence.value += 1;
        leased->lease_until = seen->now + ttl_;
        return true;
    });
    crash_point("CP04");
    return leased;
}

ClaimResult FlagStore::claim(const ClaimRequest& r, FlagRows& won) {
    invariant(!r.appids.empty(), "a claim asks for somebody");
    ClaimResult result;
    won.clear();
    const KeyRange range{r.scope, r.appids.front(), r.appids.back()};
    transact([&](StoreSession& s) {
        result = {};
        const auto campaign = s.lock_campaign_shared(r.campaign);
        const auto chunk = s.lock_chunk(r.campaign, r.chunk);
        if (!campaign || !chunk) return false;
        // Only the fence's holder counts claim_seq up, one claim at a time.
        const bool is_ours = r.is_rerun && chunk->claim_seq == r.claim_seq + 1;
        if (chunk->fence < r.fence ||
            (chunk->fence == r.fence && chunk->claim_seq != r.claim_seq && !is_ours))
            fail_as_lost(*chunk, r.fence, r.claim_seq);
        if (chunk->fence != r.fence) return false;
        if (is_ours) {  // the try whose answer was lost did commit
            s.read_won(range, r.claim, won);
            result.verdict = ClaimVerdict::claimed;
            return false;
        }
        if (chunk->lease_until < chunk->now) return false;
        if (campaign->state != CampaignState::running || campaign->epoch != r.epoch ||
            campaign->is_halted) {
            result.verdict = ClaimVerdict::not_running;
            return false;
        }
        if (campaign->deadline && *campaign->deadline <= campaign->now) {
            result.verdict = ClaimVerdict::expired;
            return false;
        }
        s.advance_chunk(r.campaign, r.chunk, r.claim_seq + 1, ttl_);
        crash_point("CP06");
        s.read_standing(range, rows_);
        s.read_suppressed(r.appids, suppressed_);
        ClaimChoice choice(r, rows_, suppressed_, chunk->now);
        if (!choice.count_first(s, r, chunk->now)) {
            result.verdict = ClaimVerdict::first_reached;
            return false;
        }
        choice.write(s, r);
        s.read_won(range, r.claim, won);
        result.verdict = ClaimVerdict::claimed;
        result.raced = choice.asked() - won.size();
        result.suppressed = choice.suppressed();
        result.skipped = choice.skipped();
        result.was_last_of_first = choice.is_last_of_first();
        crash_point("CP07");
        return true;
    });
    crash_point("CP08");
    return result;
}

void FlagStore::settle(const Settlement& settlement) {
    crash_point("CP14");
    transact([&](StoreSession& s) {
        if (settlement.releases()) reopen_for_release(s, settlement.campaign, settlement.chunk);
        for (const auto& group : settlement.groups)
            s.settle_keys(settlement.scope, settlement.claim, group.settled, group.appids.views());
        for (const auto& range : settlement.confirmed)
            s.confirm_range({settlement.scope, range.lo, range.hi}, settlement.claim);
        if (!settlement.confirmed.empty()) settle_swept(s, settlement);
        check_owned(s, settlement);
        s.note_dead_tokens(settlement.dead);
        crash_point("CP15");
        return true;
    });
    crash_point("CP16");
}

/// A row of ours under a foreign claim id means that the right to send existed twice. A row that
/// was in doubt may have been re-opened by a person or a policy (T8), one that we rejected by a
/// person (T10); any other has no excuse.
void FlagStore::check_owned(StoreSession& s, const Settlement& settlement) {
    for (const auto& group : settlement.groups) {
        if (group.settled.to == FlagState::released) continue;
        s.read_keys(settlement.scope, group.appids.views(), rows_);
        merge_keys(group.appids, rows_, [&](std::string_view, const FlagRows::Row* row) {
            if (row != nullptr &&
                (row->claim == settlement.claim || row->code.was_in_doubt || row->tries_before))
                return;
            throw StoreError(
                StoreError::Kind::durability_lost,
                fmt::format("a recipient of claim {:016x} {}: the database lost a commit",
                            settlement.claim.value,
                            row == nullptr
                                ? std::string("has no flag any more")
                                : fmt::format("stands under claim {:016x}", row->claim.value)));
        });
    }
}

void FlagStore::release_unsent(CampaignId campaign, ScopeId scope, ChunkNo chunk, ClaimId claim,
                               std::string_view lo, std::string_view hi, Reason reason) {
    transact([&](StoreSession& s) {
        reopen_for_release(s, campaign, chunk);
        s.release_range({scope, lo, hi}, claim, reason);
        return true;
    });
    crash_point("CP19");
}

void FlagStore::require_kept(const ChunkHead& seen, const ChunkHead& held) {
    if (seen.fence < held.fence || (seen.fence == held.fence && seen.claim_seq < held.claim_seq))
        fail_as_lost(seen, held.fence, held.claim_seq);
}

void FlagStore::renew(const ChunkHead& held, IncarnationId me) {
    transact([&](StoreSession& s) {
        s.renew_chunk(held.campaign, held.no, held.fence, me, ttl_);
        return true;
    });
    crash_point("CP21");
}

/// Reads the chunk's flags and says what is left to do in it; gives up what was tried enough.
ChunkStanding FlagStore::stand(StoreSession& s, const ChunkHead& chunk, ScopeId scope,
                               const AppidList& keys, std::uint16_t attempts_max, bool is_expired) {
    s.read_standing({scope, chunk.key_lo, chunk.key_hi}, rows_);
    auto standing = stand_of(chunk.campaign, keys, rows_, attempts_max, is_expired, chunk.now);
    const std::span exhausted(standing.exhausted);
    for (std::size_t i = 0; i < exhausted.size(); i += kKeysMax)
        s.give_up(scope, chunk.campaign, Reason::tries_used_up,
                  exhausted.subspan(i, std::min(kKeysMax, exhausted.size() - i)));
    return standing;
}

ChunkStanding FlagStore::finish(const ChunkHead& held, ScopeId scope, const AppidList& keys,
                                std::uint16_t attempts_max, bool is_expired,
                                std::optional<WallTime> opening) {
    ChunkStanding standing;
    transact([&](StoreSession& s) {
        standing = {};
        const auto chunk = s.lock_chunk(held.campaign, held.no);
        if (chunk) require_kept(*chunk, held);
        if (!chunk || chunk->fence != held.fence || chunk->state != ChunkState::leased)
            return false;  // another's now, or an earlier try of ours that did commit
        standing = stand(s, *chunk, scope, keys, attempts_max, is_expired);
        if (standing.is_settled)
            s.close_chunk(held.campaign, held.no);
        else
            s.open_chunk(held.campaign, held.no, standing.due_in(chunk->now, opening));
        return true;
    });
    crash_point("CP20");
    return standing;
}

ChunkStanding FlagStore::verify_closed(const ChunkHead& closed, ScopeId scope,
                                       const AppidList& keys, bool is_expired) {
    ChunkStanding standing;
    transact([&](StoreSession& s) {
        standing = {};
        const auto chunk = s.lock_chunk(closed.campaign, closed.no);
        if (!chunk || chunk->state != ChunkState::closed) return false;
        standing = stand(s, *chunk, scope, keys, kGiveUpNever, is_expired);
        if (standing.is_settled) return false;
        s.open_chunk(closed.campaign, closed.no, std::chrono::milliseconds{0});
        return true;
    });
    return standing;
}

RecoveredRows FlagStore::recover(CampaignId campaign, ScopeId scope, ChunkNo no, IncarnationId dead,
                                 IncarnationId me, std::span<const LeftRows> batches) {
    RecoveredRows recovered;
    const auto is_its = [&](const ChunkHead& chunk) {
        return chunk.owner == dead && chunk.state == ChunkState::leased;
    };
    // A journal may outlive all that it knows: then a finished campaign must not be touched.
    bool is_needed = false;
    transact([&](StoreSession& s) {
        s.lock_campaign_shared(campaign);
        const auto chunk = s.lock_chunk(campaign, no);
        is_needed = chunk && (is_its(*chunk) || are_unsettled(s, scope, batches));
        return false;
    });
    if (!is_needed) return recovered;
    transact([&](StoreSession& s) {
        recovered = {};
        reopen_for_release(s, campaign, no);
        const auto chunk = s.lock_chunk(campaign, no);
        if (!chunk) return false;
        const bool was_its = is_its(*chunk);
        if (was_its) s.lease_chunk(campaign, no, chunk->fence, me, ttl_);
        recovered = settle_left(s, scope, batches);
        if (was_its) {
            s.sweep({scope, chunk->key_lo, chunk->key_hi}, campaign, dead, Reason::journal_lost);
            s.open_chunk(campaign, no, std::chrono::milliseconds{0});
        }
        crash_point("CP23");
        return true;
    });
    return recovered;
}

CampaignHead FlagStore::move(CampaignId campaign, CampaignState from, std::uint64_t epoch,
                             CampaignState to) {
    invariant(may_move(from, to), "a campaign's state changes as its table says");
    CampaignHead after;
    transact([&](StoreSession& s) {
        const auto head = s.lock_campaign(campaign);
        invariant(head.has_value(), "a campaign that runs has a row");
        after = *head;
        if (head->state != from || head->epoch != epoch) return false;
        s.move_campaign(campaign, from, epoch, to);
        after.state = to;
        after.epoch = epoch + 1;
        crash_point("CP26");
        return true;
    });
    return after;
}

CampaignHead FlagStore::finish_campaign(CampaignId campaign, std::uint64_t epoch,
                                        CampaignState wanted) {
    CampaignHead after;
    transact([&](StoreSession& s) {
        const auto head = s.lock_campaign(campaign);
        invariant(head.has_value(), "a campaign that runs has a row");
        after = *head;
        if (head->state != CampaignState::reconciling || head->epoch != epoch) return false;
        // A late release opens its chunk under the campaign's lock: it is seen here, or it comes
        // after us and sets the campaign back itself.
        after.state = s.count_open_chunks(campaign) > 0 ? CampaignState::running : wanted;
        after.epoch = epoch + 1;
        s.move_campaign(campaign, head->state, epoch, after.state);
        crash_point("CP26");
        return true;
    });
    return after;
}

IncarnationId FlagStore::begin_incarnation(Random& random, std::string_view host,
                                           std::string_view boot_id, std::int64_t pid) {
    for (;;) {
        const IncarnationId id{static_cast<std::uint32_t>(random.next())};
        if (id.value == 0) continue;
        try {
            transact([&](StoreSession& s) {
                s.insert_incarnation(id, host, boot_id, pid);
                return true;
            });
            crash_point("CP01");
            return id;
        } catch (const StoreError& error) {
            if (error.kind() != StoreError::Kind::duplicate) throw;  // taken: draw again
        }
    }
}

void FlagStore::close_incarnation(IncarnationId incarnation) {
    transact([&](StoreSession& s) {
        s.close_incarnation(incarnation);
        return true;
    });
}

}  // namespace dispatcher
