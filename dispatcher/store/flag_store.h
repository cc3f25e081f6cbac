#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "campaign/appid_list.h"
#include "store/chunk_standing.h"
#include "store/left_rows.h"
#include "store/settlement.h"
#include "store/store_error.h"
#include "store/store_session.h"

namespace dispatcher {

/// A recipient that a claim meets and is not to win: it is settled as skipped.
struct ClaimSkip {
    std::string_view appid;
    Reason reason = Reason::window;
};

/// A claim as it is asked for. The same request, with `is_rerun` set, is what rule R re-executes
/// after an ambiguous error.
struct ClaimRequest {
    CampaignId campaign;
    ScopeId scope;
    std::uint64_t epoch = 0;
    ChunkNo chunk;
    Fence fence;
    std::uint64_t claim_seq = 0;  ///< last acknowledged
    ClaimId claim;
    std::span<const std::string_view> appids;  ///< sorted, ≤ 1,000
    /// Those of them that are to be skipped, in the same order.
    std::span<const ClaimSkip> skips;
    std::uint16_t attempts_max = 0;  ///< released rows that we tried so often stay
    /// Recipients that the campaign may claim before it pauses for a look; 0: any number.
    std::uint32_t first_count = 0;
    /// After which it goes on by itself; 0: it pauses.
    std::chrono::milliseconds first_wait{0};
    bool is_rerun = false;
};

enum class ClaimVerdict : std::uint8_t {
    claimed,        ///< committed; the won set may be empty
    not_running,    ///< the campaign is not running at this epoch, or the store is halted
    expired,        ///< its delivery deadline has passed
    lease_lost,     ///< another holder, or the lease ran out: nothing may be claimed here
    first_reached,  ///< the first recipients are claimed: the campaign pauses for a look
};

struct ClaimResult {
    ClaimVerdict verdict = ClaimVerdict::lease_lost;
    /// Recipients that were free at the read and taken by somebody else at the write.
    std::size_t raced = 0;
    std::size_t suppressed = 0;      ///< skipped for good, because they opted out
    std::size_t skipped = 0;         ///< skipped for good, as the request wanted
    bool was_last_of_first = false;  ///< the first recipients are all claimed now
};

/// What a second chance is given to in one chunk.
using SecondChances = std::map<SecondChance, AppidList>;

/// Whether a chunk may be leased: it is due, and open, or its lease has ended in one of the ways
/// that StoreSession::leasable_chunks() names.
bool is_free(const ChunkHead& chunk, std::chrono::milliseconds ttl,
             std::span<const IncarnationId> dead);

/// The order of the flag protocol's statements, written once for every store: lease, claim, settle,
/// close, reconcile, recover, each one transaction. A call that throws an ambiguous StoreError has
/// dropped its session; calling it again with the same arguments (rule R) connects anew. Locks are
/// taken in one order everywhere: campaign, chunk, rows by key. One thread at a time.
class FlagStore {
  public:
    /// `ttl` is the lease's length. Neither argument is owned beyond the reference.
    FlagStore(Store& store, std::chrono::milliseconds ttl) : store_(store), ttl_(ttl) {}

    /// The session for reads outside the protocol's transactions; connects if need be.
    StoreSession& session();

    /// Chunks that could be leased now; none on a server that is not admitted yet.
    std::vector<ChunkHead> leasable(CampaignId campaign, GatewayNo gateway,
                                    std::span<const IncarnationId> dead, std::size_t limit);

    /// Takes the chunk's lease if it still is free and sweeps what its last owner left claimed:
    /// that becomes IN_DOUBT, never ours. Answers the chunk as leased, or nothing if somebody was
    /// faster. `wanted` is the head that leasable() gave.
    std::optional<ChunkHead> lease(const ChunkHead& wanted, ScopeId scope, IncarnationId me,
                                   std::span<const IncarnationId> dead);

    /// The won set replaces `won`; only after this returns `claimed` may a byte be sent to those.
    ClaimResult claim(const ClaimRequest& request, FlagRows& won);

    /// Idempotent: guarded by the claim id.
    void settle(const Settlement& settlement);

    /// Gives back every row of a claim that was never sent: after a lost lease or a stop between
    /// the claim and the first send.
    void release_unsent(CampaignId campaign, ScopeId scope, ChunkNo chunk, ClaimId claim,
                        std::string_view lo, std::string_view hi, Reason reason);

    /// Throws durability_lost where `seen`, read now, stands behind `held`, what was acknowledged
    /// to us: the database lost commits, and with them claims of recipients that were sent to.
    static void require_kept(const ChunkHead& seen, const ChunkHead& held);

    /// Extends our lease on a chunk; does nothing where another holds it.
    void renew(const ChunkHead& held, IncarnationId me);

    /// Ends our lease on a chunk whose claims are all settled: closes it if every recipient is
    /// settled, else opens it for whoever comes when the next row is due. Gives up rows whose tries
    /// are used up. With `is_expired` recipients without a flag, or released, need nothing more.
    /// `opening`: when the first of those opens whose send window was closed.
    ChunkStanding finish(const ChunkHead& held, ScopeId scope, const AppidList& keys,
                         std::uint16_t attempts_max, bool is_expired,
                         std::optional<WallTime> opening = {});

    /// Looks at a closed chunk again and re-opens it if something in it is not settled.
    ChunkStanding verify_closed(const ChunkHead& chunk, ScopeId scope, const AppidList& keys,
                                bool is_expired);

    /// J7: acts on what the journal of a dead incarnation proves about one chunk. Takes the chunk
    /// over first, so that an orphan commit of the dead process is waited for. Idempotent.
    RecoveredRows recover(CampaignId campaign, ScopeId scope, ChunkNo chunk, IncarnationId dead,
                          IncarnationId me, std::span<const LeftRows> batches);

    /// Moves the campaign by compare-and-set; answers its head afterwards.
    CampaignHead move(CampaignId campaign, CampaignState from, std::uint64_t epoch,
                      CampaignState to);

    /// Ends a campaign that is reconciling at `epoch`, unless a chunk came open meanwhile: then it
    /// runs again. Answers its head afterwards.
    CampaignHead finish_campaign(CampaignId campaign, std::uint64_t epoch, CampaignState wanted);

    /// T7, T8: rows in doubt under `claim` become delivered, skipped or released.
    void resolve(const CampaignHead& campaign, ChunkNo chunk, ClaimId claim,
                 const AppidList& appids, FlagState to, Reason reason);

    /// T10, by an order that stands in the audit: these rows of the chunk, proved not sent and
    /// never in doubt, are released with a fresh allowance of tries, and the chunk is open for
    /// them. Answers how many are released so now; none where the campaign sends no more.
    std::size_t give_second_chances(const CampaignHead& campaign, ChunkNo chunk,
                                    const SecondChances& chances);

    /// Ends the lease of a process that is gone, for campaigns that nobody sends now: takes the
    /// lease as lease() does, so that what was claimed under it is in doubt, and gives it back.
    /// Answers how many rows came in doubt; does nothing while the lease holds.
    std::size_t sweep(const ChunkHead& seen, ScopeId scope, IncarnationId me,
                      std::span<const IncarnationId> dead);

    /// A campaign that was cancelled leaves what it had given back to the others of its scope:
    /// those that are done, or in their last pass, reconcile again. Answers them.
    std::vector<CampaignHead> reopen_sisters(const CampaignHead& cancelled);

    /// Registers an incarnation under a number never used before.
    IncarnationId begin_incarnation(Random& random, std::string_view host, std::string_view boot_id,
                                    std::int64_t pid);
    void close_incarnation(IncarnationId incarnation);

    /// Drops the session, so that the next call connects anew.
    void disconnect() { session_.reset(); }

  private:
    void transact(const std::function<bool(StoreSession&)>& work);
    ChunkStanding stand(StoreSession& session, const ChunkHead& chunk, ScopeId scope,
                        const AppidList& keys, std::uint16_t attempts_max, bool is_expired);
    void check_owned(StoreSession& session, const Settlement& settlement);

    Store& store_;
    const std::chrono::milliseconds ttl_;
    std::unique_ptr<StoreSession> session_;
    FlagRows rows_;         ///< scratch
    AppidList suppressed_;  ///< scratch
};

}  // namespace dispatcher
