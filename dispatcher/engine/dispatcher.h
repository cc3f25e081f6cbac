#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "audience/addresses.h"
#include "base/clock.h"
#include "base/random.h"
#include "campaign/campaign.h"
#include "engine/engine_options.h"
#include "engine/lane_control.h"
#include "engine/observer.h"
#include "engine/recovery.h"
#include "engine/tally.h"
#include "gateway/gateway_type.h"
#include "journal/journal.h"
#include "store/campaign_store.h"

namespace dispatcher {

/// Who this process is, for the incarnation rows.
struct HostIdentity {
    std::string host;
    std::string boot_id;  ///< 16 bytes
    std::int64_t pid = 0;

    static HostIdentity of_this_process();
};

/// A gateway of the server file with its type.
struct GatewayChoice {
    const GatewayOptions* options = nullptr;
    const GatewayType* type = nullptr;
};

/// Everything a run works with; outlives the Dispatcher.
struct DispatcherParts {
    Store& store;
    JournalDirectory& journals;
    Clock& clock;
    Random& random;
    Observer& observer;
    EngineOptions options;
    HostIdentity host;
    /// Finds a sealed gateway in the server file. Throws RefusedError if it is missing there, or
    /// its target is not the sealed one.
    std::function<GatewayChoice(const SealedGateway&)> gateway;
    /// Pauses the campaign, or freezes it where its lanes stopped for `frozen`, with the cause, by
    /// the engine's own judgement.
    std::function<void(CampaignId, LaneStop why, const std::string& cause)> intervene;
    /// Opens the source of a campaign's `audience.refresh`. Throws RefusedError if the server file
    /// does not have it.
    std::function<std::unique_ptr<AddressBook>(const AudiencePart& refresh)> addresses;
};

/// How a run ended.
struct RunSummary {
    LaneStop stopped = LaneStop::none;  ///< none: nothing is left to do
    std::string cause;                  ///< of a stop, for people
    CampaignState state = CampaignState::running;
};

/// Sends one campaign to its end: recovers what dead processes of this host left, runs a lane per
/// gateway, reconciles, and again while something is left. Launch and restart are the same loop:
/// what differs is what the first claim finds. One run at a time; run() from one thread, the rest
/// from any.
class Dispatcher {
  public:
    explicit Dispatcher(DispatcherParts parts);
    ~Dispatcher();

    /// Settles what dead processes of this host left, of any campaign. Part of run(); on its own
    /// it lets `restart` say what it found before anything is sent.
    Recovered recover();

    /// The campaign is running or reconciling when this is called. A stop drains: what is on the
    /// wire is waited for, everything else is given back. Throws StoreError where the store cannot
    /// be reached at the start, ConfigError and RefusedError for gateways.
    RunSummary run(const CampaignRecord& record, std::stop_token stop);

    /// Over all gateways.
    [[nodiscard]] Tally tally() const;
    /// In the order of the gateways' names; those that were sent over.
    [[nodiscard]] std::vector<GatewayTally> tallies() const;

  private:
    struct Running;
    std::unique_ptr<Running> start_lane(const CampaignRecord& record, const CampaignHead& head,
                                        const Settings& settings, GatewayNo gateway);
    [[nodiscard]] std::vector<const GatewayType*> types_of(const CampaignRecord& record) const;
    RunSummary run_lanes(const CampaignRecord& record, const CampaignHead& head,
                         std::stop_token stop);
    void act_on(RunSummary& summary, CampaignId campaign);
    template <class Work>
    auto patiently(Work&& work);
    Tally& tally_of(const std::string& gateway);
    void end_lane(Running& lane, bool settled);

    DispatcherParts parts_;
    FlagStore flags_;
    mutable std::mutex mutex_;
    std::map<std::string, Tally> tallies_;  // guarded by mutex_, its values are not
    std::vector<IncarnationId> ours_;
};

}  // namespace dispatcher
