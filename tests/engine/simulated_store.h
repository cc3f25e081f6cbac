#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/simulated_database.h"
#include "engine/simulated_world.h"
#include "engine/simulation_mistake.h"
#include "store/store_error.h"
#include "store/store_session.h"

namespace dispatcher {

/// How bad the way to the database is: chances per statement.
struct StoreWeather {
    double deadlock = 0;           ///< 1213: rolled back, connection good
    double statement_lost = 0;     ///< connection lost before or after the statement was executed
    double commit_conflict = 0;    ///< COMMIT answers 1213
    double commit_unsent = 0;      ///< connection lost, COMMIT never arrived
    double commit_unanswered = 0;  ///< committed, the answer was lost
    double commit_orphaned = 0;    ///< connection lost, COMMIT is executed much later
    double stall = 0;              ///< a statement takes seconds
};

/// The way from one process to the database.
class SimulatedStore final : public Store {
  public:
    SimulatedStore(World& world, SimulatedDatabase& database, const StoreWeather& weather,
                   ProcessLife& life, Mistake mistake)
        : world_(world), database_(database), weather_(weather), life_(life), mistake_(mistake) {}

    std::unique_ptr<StoreSession> connect() override;
    std::string store_id() override { return std::string(16, 's'); }

  private:
    World& world_;
    SimulatedDatabase& database_;
    const StoreWeather& weather_;
    ProcessLife& life_;
    const Mistake mistake_;
};

/// One connection. Statements take time, wait for locks, and fail as the weather has it; what a
/// lost connection leaves on the server lives on there for a while, its locks with it.
class SimulatedStoreSession final : public StoreSession {
  public:
    SimulatedStoreSession(World& world, SimulatedDatabase& database, const StoreWeather& weather,
                          ProcessLife& life, Mistake mistake);
    ~SimulatedStoreSession() override;

    void begin() override;
    void commit() override;
    void rollback() noexcept override;

    std::optional<CampaignHead> lock_campaign_shared(CampaignId campaign) override;
    std::optional<CampaignHead> lock_campaign(CampaignId campaign) override;
    std::optional<CampaignHead> read_campaign(CampaignId campaign) override;
    std::optional<Settings> read_settings(CampaignId campaign) override;
    std::vector<CampaignId> list_scope(ScopeId scope) override;
    void move_campaign(CampaignId campaign, CampaignState from, std::uint64_t epoch,
                       CampaignState to) override;

    std::optional<ChunkHead> lock_chunk(CampaignId campaign, ChunkNo no) override;
    bool is_admitted() override { return true; }
    std::vector<ChunkHead> leasable_chunks(CampaignId campaign, GatewayNo gateway,
                                           std::chrono::milliseconds ttl,
                                           std::span<const IncarnationId> dead,
                                           std::size_t limit) override;
    std::vector<ChunkHead> list_chunks(CampaignId campaign, ChunkNo first,
                                       std::size_t limit) override;
    std::uint64_t count_open_chunks(CampaignId campaign) override;
    void lease_chunk(CampaignId campaign, ChunkNo no, Fence seen, IncarnationId me,
                     std::chrono::milliseconds ttl) override;
    void advance_chunk(CampaignId campaign, ChunkNo no, std::uint64_t claim_seq,
                       std::chrono::milliseconds ttl) override;
    void renew_chunk(CampaignId campaign, ChunkNo no, Fence fence, IncarnationId me,
                     std::chrono::milliseconds ttl) override;
    void close_chunk(CampaignId campaign, ChunkNo no) override;
    void open_chunk(CampaignId campaign, ChunkNo no, std::chrono::milliseconds due_in) override;
    std::optional<ChunkPayload> read_payload(CampaignId campaign, ChunkNo no,
                                             bool with_data) override;

    void read_flags(const KeyRange& range, FlagRows& out) override;
    void insert_claims(ScopeId scope, CampaignId campaign, ClaimId claim,
                       std::span<const std::string_view> appids) override;
    void reclaim(ScopeId scope, CampaignId campaign, ClaimId claim,
                 std::span<const std::string_view> appids) override;
    void read_won(const KeyRange& range, ClaimId claim, FlagRows& out) override;
    void settle_keys(ScopeId scope, ClaimId claim, const Settled& settled,
                     std::span<const std::string_view> appids) override;
    void confirm_range(const KeyRange& range, ClaimId claim) override;
    void read_keys(ScopeId scope, std::span<const std::string_view> appids, FlagRows& out) override;
    void release_range(const KeyRange& range, ClaimId claim, Reason reason) override;
    void sweep(const KeyRange& range, CampaignId campaign, IncarnationId old_owner,
               Reason reason) override;
    void give_up(ScopeId scope, CampaignId campaign, Reason reason,
                 std::span<const std::string_view> appids) override;
    void resolve_keys(ScopeId scope, ClaimId claim, FlagState to, Reason reason,
                      std::span<const std::string_view> appids) override;
    void give_second_chance(ScopeId scope, CampaignId campaign, const SecondChance& seen,
                            std::span<const std::string_view> appids) override;

    void read_suppressed(std::span<const std::string_view> appids, AppidList& out) override;
    void insert_skipped(ScopeId scope, CampaignId campaign, Reason reason,
                        std::span<const std::string_view> appids) override;
    void skip_released(ScopeId scope, CampaignId campaign, Reason reason,
                       std::span<const std::string_view> appids) override;
    // Its gateway calls no device token dead.
    void note_dead_tokens(std::span<const DeadToken> /*tokens*/) override {}
    bool has_dead_tokens() override { return false; }
    std::vector<DeadToken> read_dead_tokens(std::span<const std::string_view> /*marks*/) override {
        return {};
    }
    FirstCount lock_first_count(CampaignId campaign) override;
    void set_first_count(CampaignId campaign, std::uint64_t claimed) override;

    Reservation reserve(CampaignId campaign, std::string_view gateway, std::uint32_t n,
                        double rate_per_second, std::chrono::milliseconds horizon) override;
    void insert_incarnation(IncarnationId id, std::string_view host, std::string_view boot_id,
                            std::int64_t pid) override;
    void close_incarnation(IncarnationId id) override;
    bool is_incarnation_closed(IncarnationId id) override;

  private:
    using Row = FlagRows::Row;
    using Guard = std::function<bool(const Row&)>;
    using Change = std::function<void(Row&)>;
    /// One statement: `body` answers false while another transaction is in its way.
    void execute(const char* what, const std::function<bool()>& body);
    void arrive(const char* what);
    void answer(const char* what);
    [[noreturn]] void lose(const std::string& what);
    [[nodiscard]] bool is_gone() const;
    void orphan();
    void change_chunk(const char* what, CampaignId campaign, ChunkNo no,
                      const std::function<void(ChunkHead&)>& change);
    /// Locks and changes the rows for which `guard` holds; of these keys, or of a range.
    void change_keys(const char* what, ScopeId scope, std::span<const std::string_view> appids,
                     const Guard& guard, const Change& change);
    void change_range(const char* what, const KeyRange& range, const Guard& guard,
                      const Change& change);

    World& world_;
    SimulatedDatabase& database_;
    const StoreWeather& weather_;
    ProcessLife& life_;
    const Mistake mistake_;
    const std::uint64_t run_;  ///< the server's run that we are connected to
    bool is_lost_ = false;
    SimulatedDatabase::TransactionPtr transaction_;
};

}  // namespace dispatcher
