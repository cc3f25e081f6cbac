#pragma once

#include <memory>
#include <string>

#include "store/sql/guarded_connection.h"
#include "store/store_session.h"

namespace dispatcher::sql {

/// The flag protocol's operations as SQL, the same for every family but for the Dialect.
class SqlSession final : public StoreSession {
  public:
    /// `server`: the uuid of the server that answers, where its admission matters; else "".
    explicit SqlSession(std::unique_ptr<Connection> connection, std::string server = {});

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

    bool is_admitted() override;

    std::optional<ChunkHead> lock_chunk(CampaignId campaign, ChunkNo no) override;
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
    void read_standing(const KeyRange& range, FlagRows& out) override;
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

    void note_dead_tokens(std::span<const DeadToken> tokens) override;
    bool has_dead_tokens() override;
    std::vector<DeadToken> read_dead_tokens(std::span<const std::string_view> marks) override;

    FirstCount lock_first_count(CampaignId campaign) override;
    void set_first_count(CampaignId campaign, std::uint64_t claimed) override;

    Reservation reserve(CampaignId campaign, std::string_view gateway, std::uint32_t n,
                        double rate_per_second, std::chrono::milliseconds horizon) override;

    void insert_incarnation(IncarnationId id, std::string_view host, std::string_view boot_id,
                            std::int64_t pid) override;
    void close_incarnation(IncarnationId id) override;
    bool is_incarnation_closed(IncarnationId id) override;

    /// For the rest of this room.
    GuardedConnection& connection() { return connection_; }

  private:
    std::optional<CampaignHead> read_head(CampaignId campaign, std::string_view lock);
    std::vector<ChunkHead> read_chunks(const std::string& where, std::string_view now,
                                       std::string_view lock);
    void read_rows(const std::string& where, FlagRows& out);
    struct Budget {
        std::int64_t due_us;  ///< when its next send is due
        std::int64_t now_us;
    };
    /// Locks it. `gateway` is a literal.
    std::optional<Budget> read_budget(CampaignId campaign, const std::string& gateway);
    [[nodiscard]] const Dialect& dialect() const { return connection_.dialect(); }

    GuardedConnection connection_;
    const std::string server_;
    bool is_admitted_;  ///< once true it stays
};

}  // namespace dispatcher::sql
