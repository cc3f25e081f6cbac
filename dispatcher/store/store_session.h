#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/sha256.h"
#include "campaign/appid_list.h"
#include "campaign/campaign.h"
#include "campaign/campaign_state.h"
#include "campaign/flag.h"
#include "campaign/ids.h"
#include "campaign/reason.h"

namespace dispatcher {

/// The part of a campaign's row that claims depend on.
struct CampaignHead {
    CampaignId id;
    ScopeId scope;
    CampaignState state = CampaignState::draft;
    std::uint64_t epoch = 0;
    std::optional<WallTime> deadline;
    WallTime now{};          ///< the database's clock at the read
    bool is_halted = false;  ///< an operator halted the whole store: nothing may be claimed
};

enum class ChunkState : std::uint8_t { open = 0, leased = 1, closed = 2 };

/// A chunk's row without its payload. `owner` stays after a lease ends: who leases next must know
/// whose claims to sweep.
struct ChunkHead {
    CampaignId campaign;
    ChunkNo no;
    GatewayNo gateway;
    ChunkState state = ChunkState::open;
    IncarnationId owner;
    bool owner_closed = false;  ///< the owner's incarnation ended and settled what it held
    Fence fence;
    std::uint64_t claim_seq = 0;
    WallTime due_at{};
    WallTime lease_until{};
    std::string key_lo;  ///< first and last appid
    std::string key_hi;
    std::uint32_t rows = 0;
    WallTime now{};  ///< the database's clock at the read
};

/// The sealed content of a chunk, compressed (audience/chunk_block.h reads it).
struct ChunkPayload {
    std::string keys;
    std::optional<std::string> data;  ///< absent once retention dropped it
    Sha256Digest sha256{};            ///< of keys and data as they are now
    Sha256Digest sealed_sha256{};     ///< as they were sealed: another one where some are forgotten
    /// Of the data that was dropped: with it the chunk's hash stays checkable.
    std::optional<Sha256Digest> data_sha256;
    /// Tombstones of recipients whose appid and data were forgotten; no longer among the keys.
    AppidList forgotten;
};

/// Flags read from a key range, in key order, column by column.
struct FlagRows {
    AppidList appids;
    struct Row {
        CampaignId campaign;
        FlagState state = FlagState::claimed;
        std::uint16_t claims = 0;
        std::uint16_t tries = 0;
        /// The allowance of tries counts from here: set by a second chance, and where a campaign
        /// takes up what another one of the scope gave back. Absent: from the first try.
        std::optional<std::uint16_t> tries_before;
        ClaimId claim;
        Code code;
        std::optional<WallTime> due_at;
        WallTime changed_at{};

        /// Tries that count against the campaign's allowance; `tries` itself forgets none.
        [[nodiscard]] std::uint16_t tries_spent() const {
            return static_cast<std::uint16_t>(tries - tries_before.value_or(0));
        }
    };
    std::vector<Row> rows;

    void clear() {
        appids.clear();
        rows.clear();
    }
    [[nodiscard]] std::size_t size() const { return rows.size(); }
};

/// An inclusive run of appids of one scope.
struct KeyRange {
    ScopeId scope;
    std::string_view lo;
    std::string_view hi;
};

/// What settle_keys() writes. Guarded by claim id and `from_doubt`: rows in other states stay.
struct Settled {
    FlagState to = FlagState::delivered;
    Code code;
    std::uint16_t tries_added = 0;
    /// released: due this long after the statement, by the database's clock.
    std::chrono::milliseconds due_in{0};
    /// Also rows that are in doubt under the same claim id (T3 late, T4, T5); else claimed only.
    bool from_doubt = false;
};

/// Which flags get a second chance, by all that must still hold when they do (T10). They were never
/// in doubt: that is part of the guard.
struct SecondChance {
    FlagState from = FlagState::rejected;  ///< rejected, or skipped because it was given up
    Reason reason = Reason::none;
    ClaimId claim;
    std::uint16_t claims = 0;
    auto operator<=>(const SecondChance&) const = default;
};

/// Why a row is released that got its second chance out of this state.
constexpr Reason second_chance_reason(FlagState from) {
    return from == FlagState::rejected ? Reason::rejected_before : Reason::operator_released;
}

/// The recipients that a campaign claimed while it counted them.
struct FirstCount {
    std::uint64_t claimed = 0;
    WallTime since{};  ///< when it was counted last, by the database's clock
};

/// A device token that its gateway called dead. The token itself is not kept: `mark` is a hash of
/// it and of the gateway's target, which only who has the token can make (DeviceTokens).
struct DeadToken {
    std::string mark;
    Reason reason = Reason::unregistered;
    std::optional<WallTime> dead_since;  ///< by the gateway's clock, where it named a time
    WallTime told_at{};                  ///< when it was noted, by the database's clock

    [[nodiscard]] WallTime died_at() const { return dead_since.value_or(told_at); }
    /// Whether it is dead for who registered it then; one that was registered later is alive again.
    [[nodiscard]] bool covers(std::optional<WallTime> registered_at) const {
        return !registered_at || *registered_at <= died_at();
    }
};

/// Port: one connection to the store, one typed operation per statement of the flag protocol. The
/// order of the operations is FlagStore's. Every operation is one round trip and may throw
/// StoreError; after one that is ambiguous the session is of no more use: destroy it, connect anew.
/// Range and key arguments are sorted bytewise. At most 1,000 appids a call. One thread at a time.
class StoreSession {
  public:
    virtual ~StoreSession() = default;

    virtual void begin() = 0;
    /// The only evidence that a transaction happened is that this returns.
    virtual void commit() = 0;
    /// Ends the open transaction, if any. Never throws: a connection that cannot roll back is dead,
    /// and the server rolls back for it.
    virtual void rollback() noexcept = 0;

    // -- campaign ---------------------------------------------------------------------------
    /// LOCK IN SHARE MODE, of the campaign's row and of the one that says whether the store is
    /// halted: changes of either wait for the transaction, so pause, cancel and halt bind.
    virtual std::optional<CampaignHead> lock_campaign_shared(CampaignId campaign) = 0;
    /// FOR UPDATE: for state changes.
    virtual std::optional<CampaignHead> lock_campaign(CampaignId campaign) = 0;
    virtual std::optional<CampaignHead> read_campaign(CampaignId campaign) = 0;
    /// What may change while the campaign runs; each change of it raises the epoch.
    virtual std::optional<Settings> read_settings(CampaignId campaign) = 0;
    /// Campaigns of the scope that are neither drafts nor cancelled nor purged, by id. No lock.
    virtual std::vector<CampaignId> list_scope(ScopeId scope) = 0;
    /// Sets the state and epoch+1 where (state, epoch) still are as given.
    virtual void move_campaign(CampaignId campaign, CampaignState from, std::uint64_t epoch,
                               CampaignState to) = 0;

    // -- server -----------------------------------------------------------------------------
    /// Whether leases may be taken on the word of the server that answers. One that was not known
    /// before may lack acknowledged commits: for two leases only those who hold claims work on it,
    /// and find out what it forgot.
    virtual bool is_admitted() = 0;

    // -- chunk ------------------------------------------------------------------------------
    /// FOR UPDATE: queues behind a claim or an orphan COMMIT on the same chunk.
    virtual std::optional<ChunkHead> lock_chunk(CampaignId campaign, ChunkNo no) = 0;
    /// Up to `limit` chunks of the gateway that are not closed, due, and free: open, or their lease
    /// ran out, or it lies beyond now + 2×ttl (a stepped clock), or their owner is closed or in
    /// `dead`. In chunk order.
    virtual std::vector<ChunkHead> leasable_chunks(CampaignId campaign, GatewayNo gateway,
                                                   std::chrono::milliseconds ttl,
                                                   std::span<const IncarnationId> dead,
                                                   std::size_t limit) = 0;
    /// All chunks of the campaign, or those of one gateway, in chunk order, from `first` on.
    virtual std::vector<ChunkHead> list_chunks(CampaignId campaign, ChunkNo first,
                                               std::size_t limit) = 0;
    /// Chunks of the campaign that are not closed.
    virtual std::uint64_t count_open_chunks(CampaignId campaign) = 0;
    /// owner, fence+1, leased until now+ttl; where the fence still is as given.
    virtual void lease_chunk(CampaignId campaign, ChunkNo no, Fence seen, IncarnationId me,
                             std::chrono::milliseconds ttl) = 0;
    /// claim_seq and lease_until=now+ttl (a claim).
    virtual void advance_chunk(CampaignId campaign, ChunkNo no, std::uint64_t claim_seq,
                               std::chrono::milliseconds ttl) = 0;
    /// lease_until=now+ttl for what `me` still holds at these fences (renewal).
    virtual void renew_chunk(CampaignId campaign, ChunkNo no, Fence fence, IncarnationId me,
                             std::chrono::milliseconds ttl) = 0;
    /// Ends a lease: closed, or open again and due in so long. `owner` stays.
    virtual void close_chunk(CampaignId campaign, ChunkNo no) = 0;
    virtual void open_chunk(CampaignId campaign, ChunkNo no, std::chrono::milliseconds due_in) = 0;
    virtual std::optional<ChunkPayload> read_payload(CampaignId campaign, ChunkNo no,
                                                     bool with_data) = 0;

    // -- delivery (the flags) -----------------------------------------------------------------
    /// "First reads". Advisory inside a claim: it may only leave rows out.
    virtual void read_flags(const KeyRange& range, FlagRows& out) = 0;
    /// The same with what decides who is still to be sent to: campaign, state, tries_spent() and
    /// due_at of each row; its other columns stay unset. A fraction of the price, for what reads
    /// every row.
    virtual void read_standing(const KeyRange& range, FlagRows& out) { read_flags(range, out); }
    /// One row per appid, CLAIMED under `claim`; a row that exists is left as it is.
    virtual void insert_claims(ScopeId scope, CampaignId campaign, ClaimId claim,
                               std::span<const std::string_view> appids) = 0;
    /// RELEASED → CLAIMED under `claim`, claims+1, for rows still RELEASED. Tries of another
    /// campaign do not count against the allowance of this one.
    virtual void reclaim(ScopeId scope, CampaignId campaign, ClaimId claim,
                         std::span<const std::string_view> appids) = 0;
    /// The won set: rows of the range that are CLAIMED under `claim`, with state, claim id,
    /// code (of what ended it before) and tries_spent(); their other columns may stay unset.
    virtual void read_won(const KeyRange& range, ClaimId claim, FlagRows& out) = 0;
    /// Moves these rows out of CLAIMED (and IN_DOUBT) where they still bear `claim`. The in-doubt
    /// bit of a row that comes out of doubt, or goes into it, is set. RELEASED clears the claim id.
    virtual void settle_keys(ScopeId scope, ClaimId claim, const Settled& settled,
                             std::span<const std::string_view> appids) = 0;
    /// CLAIMED → DELIVERED, tries+1, for every row of the range still CLAIMED under `claim`.
    virtual void confirm_range(const KeyRange& range, ClaimId claim) = 0;
    /// The rows of these keys as they are now (read-back of exceptions).
    virtual void read_keys(ScopeId scope, std::span<const std::string_view> appids,
                           FlagRows& out) = 0;
    /// Every row of the range that bears `claim`, CLAIMED or IN_DOUBT → RELEASED, due at once.
    virtual void release_range(const KeyRange& range, ClaimId claim, Reason reason) = 0;
    /// CLAIMED → IN_DOUBT for the campaign's rows of the range that the old owner claimed.
    virtual void sweep(const KeyRange& range, CampaignId campaign, IncarnationId old_owner,
                       Reason reason) = 0;
    /// RELEASED → SKIPPED for these rows of the campaign (tries used up, or deadline passed).
    virtual void give_up(ScopeId scope, CampaignId campaign, Reason reason,
                         std::span<const std::string_view> appids) = 0;
    /// IN_DOUBT → `to` (delivered, skipped or released) for rows still in doubt under `claim`.
    virtual void resolve_keys(ScopeId scope, ClaimId claim, FlagState to, Reason reason,
                              std::span<const std::string_view> appids) = 0;
    /// T10, REJECTED or SKIPPED → RELEASED, due at once, for rows of the campaign that still are as
    /// `seen` and were never in doubt. Their allowance of tries starts anew.
    virtual void give_second_chance(ScopeId scope, CampaignId campaign, const SecondChance& seen,
                                    std::span<const std::string_view> appids) = 0;

    // -- opt-outs -----------------------------------------------------------------------------
    /// Of these appids, the ones on the store's opt-out list, in order.
    virtual void read_suppressed(std::span<const std::string_view> appids, AppidList& out) = 0;
    /// One row per appid, SKIPPED without a claim (T11); a row that exists is left as it is.
    virtual void insert_skipped(ScopeId scope, CampaignId campaign, Reason reason,
                                std::span<const std::string_view> appids) = 0;
    /// RELEASED → SKIPPED (T9), also of rows that another campaign of the scope gave back.
    virtual void skip_released(ScopeId scope, CampaignId campaign, Reason reason,
                               std::span<const std::string_view> appids) = 0;

    // -- dead device tokens -------------------------------------------------------------------
    /// Notes that these tokens are dead, at most 1,000, sorted by mark. One that is known keeps the
    /// later of the two times. `told_at` is set by the database's clock. Idempotent.
    virtual void note_dead_tokens(std::span<const DeadToken> tokens) = 0;
    /// Whether any is known: where none is, nobody need make marks to ask with.
    virtual bool has_dead_tokens() = 0;
    /// Those of these marks that are known, in order.
    virtual std::vector<DeadToken> read_dead_tokens(std::span<const std::string_view> marks) = 0;

    // -- the first recipients -------------------------------------------------------------------
    /// How many recipients the campaign has claimed since it counts them. FOR UPDATE: claims that
    /// count wait for each other.
    virtual FirstCount lock_first_count(CampaignId campaign) = 0;
    virtual void set_first_count(CampaignId campaign, std::uint64_t claimed) = 0;

    // -- rate -----------------------------------------------------------------------------------
    /// Reserves `n` sends of a budget at `rate_per_second` (GCRA): answers how long to wait from
    /// now until the first of them is due, or nothing reserved if that exceeds `horizon`. A budget
    /// that is due later than any reservation reaches, by a minute and more, begins anew: the clock
    /// was set back. A transaction of its own; `gateway` is a gateway's name, or "" for the whole
    /// campaign.
    struct Reservation {
        bool granted = false;
        std::chrono::milliseconds wait{0};
    };
    virtual Reservation reserve(CampaignId campaign, std::string_view gateway, std::uint32_t n,
                                double rate_per_second, std::chrono::milliseconds horizon) = 0;

    // -- incarnation ------------------------------------------------------------------------------
    /// Throws StoreError(duplicate) if the id is taken: draw again.
    virtual void insert_incarnation(IncarnationId id, std::string_view host,
                                    std::string_view boot_id, std::int64_t pid) = 0;
    /// What it held is settled or swept: its chunks may be leased at once. Idempotent.
    virtual void close_incarnation(IncarnationId id) = 0;
    /// Of these, the ones that are closed.
    virtual bool is_incarnation_closed(IncarnationId id) = 0;
};

/// Port: where sessions come from. Thread-safe.
class Store {
  public:
    virtual ~Store() = default;
    /// A new session on the one writer endpoint. Throws StoreError: unavailable (with how to reach
    /// it), schema (tables missing: `pushonce store init`).
    virtual std::unique_ptr<StoreSession> connect() = 0;
    /// The 16 random bytes that name this store for ever.
    virtual std::string store_id() = 0;
};

}  // namespace dispatcher
