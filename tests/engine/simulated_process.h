#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/lane.h"
#include "engine/observer.h"
#include "engine/simulated_gateway.h"
#include "engine/simulated_journal.h"
#include "engine/simulated_store.h"
#include "engine/simulated_world.h"
#include "engine/simulation_scenario.h"

namespace dispatcher {

/// What all processes of a simulation meet outside themselves.
struct Surroundings {
    World& world;
    SimulatedDatabase& database;
    Ledger& ledger;
    const Scenario& scenario;
    const StoreWeather& store_weather;
    const GatewayWeather& gateway_weather;
    const SourceWeather& source_weather;
    Mistake mistake = Mistake::none;
};

/// One run of the program for one campaign, in simulated threads: recovers, runs its lanes'
/// machines, reconciles, as the Dispatcher does with real threads.
class SimulatedProcess {
  public:
    SimulatedProcess(const Surroundings& around, SimulatedHost& host, const Campaign& sealed,
                     CampaignId campaign, std::string name, std::chrono::milliseconds wall_skew);

    void start();
    /// The run begins with second chances for whatever was rejected or given up (T10).
    void include_everybody() { includes_everybody_ = true; }
    [[nodiscard]] bool is_ended() const { return !around_.world.has_actors(life); }
    /// SIGTERM: drain and end.
    void terminate() { is_asked_ = true; }

    ProcessLife life;
    SimulatedHost& host;

  private:
    struct Running;
    void run();
    void run_until_told();
    LaneStop run_lanes(const CampaignHead& head);
    std::unique_ptr<Running> start_lane(const CampaignHead& head, GatewayNo gateway);
    void spawn_machines(Running& running);
    void end_lane(Running& running);
    template <class Work>
    auto patiently(Work&& work);

    const Surroundings around_;
    const Campaign& sealed_;
    const CampaignId campaign_;
    SimulatedClock clock_;
    SimulatedRandom random_;
    SimulatedStore store_;
    SimulatedGatewayType type_;
    Observer observer_;
    Tally tally_;
    bool is_asked_ = false;
    bool includes_everybody_ = false;
    std::vector<IncarnationId> ours_;

    // Of a run; they end with it.
    std::unique_ptr<SimulatedJournalDirectory> journals_;
    std::unique_ptr<FlagStore> flags_;
};

}  // namespace dispatcher
