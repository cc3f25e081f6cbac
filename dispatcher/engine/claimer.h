#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/random.h"
#include "campaign/campaign.h"
#include "engine/address_binder.h"
#include "engine/claim.h"
#include "engine/claim_pace.h"
#include "engine/engine_options.h"
#include "engine/lane_control.h"
#include "engine/observer.h"
#include "engine/rate_places.h"
#include "engine/source_patience.h"
#include "engine/store_patience.h"
#include "engine/tally.h"
#include "engine/window_clock.h"
#include "journal/journal.h"
#include "store/flag_store.h"

namespace dispatcher {

/// What the machines of one lane share; everything outlives the lane.
struct LaneContext {
    CampaignHead campaign;
    const Campaign& sealed;
    Settings settings;
    GatewayNo gateway;
    std::string gateway_name;
    double gateway_rate_per_second = 0;
    IncarnationId incarnation;
    std::vector<IncarnationId> dead;  ///< incarnations of this host that are proven dead
    const EngineOptions& options;
    Store& store;
    Journal& journal;
    Clock& clock;
    Random& random;
    Observer& observer;
    Tally& tally;
    DeviceTokens tokens{};
    AddressBinder* addresses = nullptr;  ///< null: recipients are sent to as they were sealed
};

/// The first machine of a lane: leases chunks, claims their recipients batch by batch and hands
/// the won ones to the sender; closes chunks when the settler is through with them. Each step does
/// at most one transaction and never waits for anything but the store.
class Claimer {
  public:
    Claimer(const LaneContext& context, LaneControl& control, BoundedQueue<Claim>& ready);

    /// Does the next useful thing; answers when it wants to be called again at the latest.
    BootTime step();
    [[nodiscard]] bool is_done() const { return control_.claimer_done; }

  private:
    /// A chunk that we hold, and how far we are in it.
    struct Work {
        std::shared_ptr<ChunkLease> lease;
        std::vector<std::uint32_t> candidates;  ///< rows that looked free when it was leased
        std::size_t next = 0;                   ///< first candidate that was not looked at
        BootTime renewed{};
        /// When the first of those opens that were passed over: their send window was closed.
        std::optional<WallTime> opening;
        [[nodiscard]] bool is_walked() const { return next == candidates.size(); }
    };
    /// A claim whose transaction has not been answered for sure: rule R runs it again as it is.
    struct Pending {
        ClaimRequest request;
        std::vector<std::string_view> appids;
        std::vector<ClaimSkip> skips;  ///< of these
        std::vector<std::uint32_t> rows;
        std::size_t looked_at = 0;  ///< candidates, with those that were passed over
        BatchNo batch = 0;
        std::shared_ptr<ChunkLease> chunk;
        BootTime not_before{};
        std::unique_ptr<const BoundAddresses> addresses;
    };

    std::optional<BootTime> advance(BootTime now);
    BootTime store_failed(const StoreError& error, BootTime now);
    bool watch_campaign(BootTime now);
    BootTime await_first(BootTime now);
    bool renew_one(BootTime now);
    bool finish_one();
    bool can_claim() const;
    std::optional<BootTime> begin_claim(Work& work, BootTime now);
    std::size_t count_open(const Work& work, std::size_t most, BootTime now);
    void choose_rows(Work& work, std::size_t rows, std::size_t most, BootTime now,
                     Pending& pending);
    std::optional<BootTime> bind_addresses(const Work& work, BootTime now, Pending& pending);
    static void skip_gone(const std::vector<std::size_t>& gone, Pending& pending);
    std::unique_ptr<const BoundAddresses> bind(const ChunkLease& lease,
                                               std::span<const std::uint32_t> rows,
                                               Addresses addresses);
    void run_pending(BootTime now);
    void hand_over(const ClaimResult& result);
    void follow_campaign(bool is_claiming);
    void drop(const std::shared_ptr<ChunkLease>& chunk);
    std::optional<BootTime> lease_more(BootTime now);
    void take_up(const ChunkHead& head, BootTime leased_at);

    LaneContext context_;
    LaneControl& control_;
    BoundedQueue<Claim>& ready_;
    FlagStore flags_;
    StorePatience patience_;
    SourcePatience source_patience_;
    std::vector<Work> held_;
    std::optional<Pending> pending_;
    std::optional<ChunkHead> leasing_;  ///< a lease to be taken, or run again after an error
    std::optional<ChunkHead> taking_;   ///< a lease that we have, its content not read yet
    BootTime looked_at_{};              ///< last search for chunks that found none
    BootTime watched_{};
    ClaimPace pace_;
    RatePlaces places_;
    WindowClock window_clock_;
    std::optional<BootTime> first_reached_at_;  ///< waits for others' claims, then pauses
    BootTime first_look_until_{};               ///< the first are looked at: ask again then
    std::uint32_t next_batch_ = 1;
    std::size_t turn_ = 0;  ///< round robin over held_
    FlagRows won_;
};

}  // namespace dispatcher
