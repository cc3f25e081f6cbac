#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "campaign/campaign.h"
#include "campaign/campaign_state.h"
#include "campaign/ids.h"
#include "store/store_session.h"

namespace dispatcher {

/// A campaign as the store holds it.
struct CampaignRecord {
    CampaignHead head;
    CampaignName name = CampaignName::from_store("");
    Campaign campaign;
    Sha256Digest sealed_sha{};
    Settings settings;
    WallTime sealed_at{};
    std::string sealed_by;    ///< user@host
    std::string source_text;  ///< the campaign file as it was written, for `show`
    std::optional<WallTime> started_at;
    std::string cause;  ///< why it is paused, cancelled or frozen; "" otherwise
};

/// Who orders something, for the audit.
struct Actor {
    std::string who;   ///< user@host
    std::string from;  ///< command line or API
    std::string because;
};

struct AuditRow {
    WallTime at{};
    std::string campaign;
    std::string who;
    std::string from;
    std::string action;  ///< launch, pause, resume, cancel, resolve, set, …
    std::string detail;
    std::string because;
};

struct NewChunk {
    ChunkNo no;
    GatewayNo gateway;
    std::string key_lo;
    std::string key_hi;
    std::uint32_t rows = 0;
    Sha256Digest sha256{};
    std::string keys;  ///< compressed blocks
    std::string data;
};

/// That an operator stopped the whole store.
struct Halt {
    WallTime since{};
    std::string who;
    std::string because;
};

/// A line of the opt-out list: whom no campaign of the store sends to any more.
struct OptOut {
    std::string appid;
    WallTime since{};
    std::string who;
    std::string because;
};

/// Counts of a campaign's flags by what the report will say, and the rows behind them.
struct FlagCount {
    FlagState state = FlagState::claimed;
    Code code;
    std::uint64_t rows = 0;
};

struct DeviceFlag {
    std::string campaign;  ///< who holds or held it
    std::string scope;
    FlagRows::Row row;
};

/// Port: campaigns, their sealing, states and audit: what operators' commands need. Every call is
/// complete in itself (its own transactions, retried where that is safe) and throws StoreError or
/// RefusedError. One thread at a time.
class CampaignStore {
  public:
    virtual ~CampaignStore() = default;

    // -- schema -----------------------------------------------------------------------------
    /// Makes missing tables, the schema version and the store id. Idempotent.
    virtual void init() = 0;
    /// Brings tables of an older version that differ by missing tables only to this program's, and
    /// does nothing to those that are of it. Throws StoreError(schema) for any other version.
    virtual void migrate() = 0;
    struct SchemaVersion {
        int found = 0;   ///< 0: no tables
        int wanted = 0;  ///< by this program
        int oldest = 0;  ///< that migrate() can begin from
    };
    virtual SchemaVersion schema_version() = 0;
    virtual std::string store_id() = 0;
    /// Server and settings that durability hangs on, as name → value, for `doctor`.
    virtual std::vector<std::pair<std::string, std::string>> server_settings() = 0;
    virtual WallTime now() = 0;

    // -- seal: draft, chunks, then the name in one commit -------------------------------------
    /// A campaign row without a name; chunks hang on it until seal() names it.
    virtual CampaignId begin_draft(IncarnationId owner) = 0;
    /// Stores chunks and payloads; one transaction a call, ≤ 1 MiB a statement.
    virtual void add_chunks(CampaignId draft, const std::vector<NewChunk>& chunks) = 0;
    /// Names and seals the draft, with its audit row. Answers false if the name is taken: then the
    /// draft is dropped, and find() tells by whom.
    virtual bool seal(CampaignId draft, const Campaign& campaign, const Settings& settings,
                      std::string_view source_text, const Actor& actor) = 0;
    virtual void drop_draft(CampaignId draft) = 0;
    /// Drafts whose incarnation is closed, or older than a day, with all their rows.
    virtual void drop_dead_drafts(std::chrono::milliseconds older_than) = 0;

    // -- read -------------------------------------------------------------------------------
    virtual std::optional<CampaignRecord> find(std::string_view name) = 0;
    /// Newest first; names and heads only are sure to be filled.
    virtual std::vector<CampaignRecord> list(std::size_t limit) = 0;
    /// Campaigns that were sealed within this time, newest first and as list() gives them, but for
    /// those of the same scope or schedule (`NAME`, `NAME@2027-03-01`) as `campaign`, test runs,
    /// and purged ones.
    virtual std::vector<CampaignRecord> list_others(const Campaign& campaign,
                                                    std::chrono::milliseconds sealed_within,
                                                    std::size_t limit) = 0;
    /// Highest N of `NAME#test-N`, 0 if there is none.
    virtual unsigned last_test_run(const CampaignName& name) = 0;
    /// The campaign's flags by state and code. Scans the scope's key range.
    virtual std::vector<FlagCount> count_flags(CampaignId campaign, ScopeId scope) = 0;
    /// Rows CLAIMED now, counted over the chunks that are leased.
    virtual std::uint64_t count_claimed(CampaignId campaign, ScopeId scope) = 0;
    virtual std::vector<DeviceFlag> flags_of(std::string_view appid) = 0;
    virtual std::optional<ScopeId> scope_of(std::string_view scope_name) = 0;
    virtual std::string campaign_name(CampaignId campaign) = 0;
    virtual std::vector<AuditRow> audit(std::string_view campaign, std::size_t limit) = 0;

    // -- change -------------------------------------------------------------------------------
    /// Moves the state by compare-and-set with its audit row. Answers the head after the call:
    /// the caller sees there whether the wanted state holds, and who else moved it.
    virtual CampaignHead move(CampaignId campaign, std::vector<CampaignState> from,
                              CampaignState to, std::string_view action, const Actor& actor) = 0;
    /// sealed → running; sets started_at and the deadline once.
    virtual CampaignHead start(CampaignId campaign, const Actor& actor) = 0;
    /// Changes the settings of a campaign that may send, or give second chances, where its epoch
    /// still is `seen`'s, and raises the epoch: from then on every claim is made under the new
    /// ones. A budget that was spent far ahead at another rate begins anew. Answers false where the
    /// epoch has moved.
    virtual bool set_settings(const CampaignHead& seen, const Settings& settings,
                              std::string_view detail, const Actor& actor) = 0;
    virtual void add_audit(CampaignId campaign, std::string_view action, std::string_view detail,
                           const Actor& actor) = 0;

    // -- the whole store ----------------------------------------------------------------------
    virtual std::optional<Halt> halted() = 0;
    /// No claim of any campaign can follow the commit of a halt. Answers whether this call changed
    /// anything; then it is in the audit.
    virtual bool halt(const Actor& actor) = 0;
    virtual bool unhalt(const Actor& actor) = 0;

    // -- opt-outs -----------------------------------------------------------------------------
    /// Puts at most 1,000 appids, sorted bytewise, on the opt-out list, in force from the next
    /// claim; answers how many were not on it. Not audited: add_audit(CampaignId{}, …).
    virtual std::size_t suppress(std::span<const std::string_view> appids, const Actor& actor) = 0;
    /// Takes them off; answers how many were on it.
    virtual std::size_t unsuppress(std::span<const std::string_view> appids) = 0;
    /// The list in the order of appids, those behind `after`.
    virtual std::vector<OptOut> opt_outs(std::string_view after, std::size_t limit) = 0;
    virtual std::optional<OptOut> opt_out(std::string_view appid) = 0;

    /// A session of the flag protocol on the same store.
    virtual StoreSession& session() = 0;
};

}  // namespace dispatcher
