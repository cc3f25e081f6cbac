#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/simulated_world.h"
#include "engine/simulation_mistake.h"
#include "store/store_session.h"

namespace dispatcher {

struct FlagKey {
    ScopeId scope;
    std::string appid;
    auto operator<=>(const FlagKey&) const = default;
};
using FlagTable = std::map<FlagKey, FlagRows::Row>;
using ChunkKey = std::pair<CampaignId, ChunkNo>;

/// The tables of a store and their server, in memory: transactions at READ COMMITTED with row locks
/// that are held until commit or rollback, whether or not their client still lives. Every commit
/// is held against the table of legal transitions.
class SimulatedDatabase {
  public:
    SimulatedDatabase(World& world, std::chrono::milliseconds skew, Mistake mistake)
        : world_(world), mistake_(mistake), skew_(skew) {}

    /// What a transaction has written and locked so far.
    struct Transaction {
        enum class State : std::uint8_t { open, committed, rolled_back };
        State state = State::open;
        bool is_commit_sent = false;
        BootTime begun{};
        FlagTable flags;
        std::map<ChunkKey, ChunkHead> chunks;
        std::map<CampaignId, CampaignHead> campaigns;
        std::map<IncarnationId, bool> incarnations;
        std::map<CampaignId, FirstCount> first_counts;
    };
    using TransactionPtr = std::shared_ptr<Transaction>;

    // -- the server -------------------------------------------------------------------------
    TransactionPtr begin();
    /// Does nothing if the transaction has ended already.
    void commit(Transaction& transaction);
    void rollback(Transaction& transaction);
    [[nodiscard]] bool is_up() const { return is_up_; }
    /// Changes with each restart: connections of earlier ones are dead.
    [[nodiscard]] std::uint64_t run() const { return run_; }
    /// Rolls back what is open; connections are refused until start().
    void crash();
    void start() { is_up_ = true; }
    /// The server's clock is set forward or back.
    void step_clock(std::chrono::milliseconds by);
    [[nodiscard]] WallTime now() const { return simulated_wall(world_.now()) + skew_; }
    /// The latest time that the clock ever showed.
    [[nodiscard]] WallTime latest() const { return std::max(latest_, now()); }
    [[nodiscard]] bool has_open_transactions() const { return !open_.empty(); }

    // -- locks: false where another transaction is in the way -----------------------------------
    enum class Mode : std::uint8_t { shared, exclusive };
    bool lock_campaign(Transaction& transaction, CampaignId campaign, Mode mode);
    bool lock_chunk(Transaction& transaction, const ChunkKey& chunk);
    bool lock_store(Transaction& transaction, Mode mode);
    bool lock_first_count(Transaction& transaction, CampaignId campaign);
    bool lock_flag(Transaction& transaction, const FlagKey& flag);

    // -- reads: what the transaction wrote, else what is committed ------------------------------
    const CampaignHead* campaign(const Transaction* transaction, CampaignId id) const;
    [[nodiscard]] std::vector<CampaignHead> campaigns(const Transaction* transaction) const;
    const ChunkHead* chunk(const Transaction* transaction, const ChunkKey& key) const;
    const FlagRows::Row* flag(const Transaction* transaction, const FlagKey& key) const;
    [[nodiscard]] std::vector<ChunkHead> chunks_of(const Transaction* transaction,
                                                   CampaignId campaign) const;
    void for_range(const Transaction* transaction, const KeyRange& range,
                   const std::function<void(const FlagKey&, const FlagRows::Row&)>& visit) const;
    [[nodiscard]] FirstCount first_count(const Transaction& transaction, CampaignId campaign) const;
    [[nodiscard]] bool is_halted() const { return is_halted_; }
    [[nodiscard]] bool is_suppressed(const std::string& appid) const {
        return suppressed_.contains(appid);
    }
    [[nodiscard]] const Settings& settings(CampaignId campaign) const {
        return settings_.at(campaign);
    }
    [[nodiscard]] bool is_closed(IncarnationId incarnation) const;
    [[nodiscard]] bool knows(IncarnationId incarnation) const;
    [[nodiscard]] const ChunkPayload& payload(const ChunkKey& key) const {
        return payloads_.at(key);
    }

    // -- tables, as committed -----------------------------------------------------------------
    void add_campaign(const CampaignHead& head, const Settings& settings) {
        campaigns_[head.id] = head;
        settings_[head.id] = settings;
    }
    void add_chunk(const ChunkHead& head, ChunkPayload payload);
    [[nodiscard]] const FlagTable& flags() const { return flags_; }
    [[nodiscard]] CampaignHead campaign(CampaignId id) const { return campaigns_.at(id); }
    /// Rows that a policy or a person gave back although they may have been sent (T8).
    [[nodiscard]] const std::set<FlagKey>& resent() const { return resent_; }
    /// An operator's move of the campaign; false if it is locked now or in another state.
    bool move_campaign(CampaignId id, CampaignState from, CampaignState to);
    /// An operator's other orders; false if the row is locked now.
    bool change_settings(CampaignId id, const Settings& settings);
    bool set_halted(bool is_halted);
    /// Devices that SimulatedSource does not know are skipped, and no others.
    void expect_gone() { is_refreshed_ = true; }
    void suppress(const std::string& appid) { suppressed_.emplace(appid, world_.now()); }

    std::map<std::pair<CampaignId, std::string>, WallTime> budgets;

  private:
    struct Lock {
        std::set<const Transaction*> shared;
        const Transaction* exclusive = nullptr;
    };
    using LockTable = std::map<std::string, Lock>;
    bool lock(Transaction& transaction, const std::string& resource, Mode mode);
    void remember(const Transaction& transaction);
    void forget_last_commit();
    void release_locks(const Transaction& transaction);
    void check_claim(const Transaction& transaction, const FlagKey& key,
                     const FlagRows::Row* before, const FlagRows::Row& after);
    void check_flag(const FlagKey& key, const FlagRows::Row* before, const FlagRows::Row& after);

    World& world_;
    const Mistake mistake_;
    std::chrono::milliseconds skew_;
    WallTime latest_{};
    bool is_up_ = true;
    std::uint64_t run_ = 1;
    std::set<TransactionPtr> open_;
    LockTable locks_;

    FlagTable flags_;
    std::map<ChunkKey, ChunkHead> chunks_;
    std::map<ChunkKey, ChunkPayload> payloads_;
    std::map<CampaignId, CampaignHead> campaigns_;
    std::map<CampaignId, Settings> settings_;
    std::map<CampaignId, FirstCount> first_counts_;
    std::map<CampaignId, std::uint64_t> fresh_claims_;  ///< recipients ever claimed
    std::map<std::string, BootTime> suppressed_;        ///< since when
    bool is_halted_ = false;
    bool is_refreshed_ = false;
    std::map<IncarnationId, bool> incarnations_;           ///< and whether they are closed
    std::set<std::pair<FlagKey, std::uint64_t>> claimed_;  ///< claim ids each flag ever had
    std::set<FlagKey> resent_;
    Transaction before_last_;  ///< what the last commit replaced (mistake lost_commit)
};

}  // namespace dispatcher
