#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/simulated_process.h"

namespace dispatcher {

/// How one run ended.
struct SimulationResult {
    std::vector<std::string> violations;  ///< empty: every invariant holds
    FaultCounts faults;
    std::uint64_t recipients = 0;
    std::uint64_t incarnations = 0;
    std::uint64_t in_doubt = 0;
    std::chrono::nanoseconds simulated{0};
};

/// One seed, one run: some processes send the same campaigns through all the faults of the seed's
/// scenario, until nothing moves any more; then the tables are held against the ledger.
class Simulation {
  public:
    Simulation(std::uint64_t seed, Mistake mistake);
    ~Simulation();

    SimulationResult run();

  private:
    struct Launched {
        CampaignId id;
        Campaign sealed;
        std::vector<std::string> audience;
    };
    struct Place {
        std::size_t host = 0;
        std::size_t campaign = 0;
        SimulatedProcess* process = nullptr;  ///< the latest
        BootTime next_start{};
    };
    void launch();
    void add_chunks(const Launched& launched);
    void schedule_storm();
    void schedule(std::uint32_t times, const std::string& what, std::function<bool()> event);
    SimulatedProcess* any_alive();
    bool kill_one();
    bool stop_one();
    bool cut_power();
    bool crash_database();
    void halt_store();
    bool change_settings();
    void clear_up();
    void supervise();
    std::chrono::nanoseconds restart_delay();
    SimulatedProcess& start_process(Place& place);
    bool give_second_chances();
    void reopen_sisters();
    bool is_served(const Place& place);
    [[nodiscard]] bool has_work(const Place& place) const;
    [[nodiscard]] bool is_quiet() const;
    bool run_until_quiet();
    void judge(SimulationResult& result);

    World world_;
    const Mistake mistake_;
    const Scenario scenario_;
    StoreWeather store_weather_;
    GatewayWeather gateway_weather_;
    SourceWeather source_weather_;
    SimulatedDatabase database_;
    Ledger ledger_;
    std::vector<std::unique_ptr<SimulatedHost>> hosts_;
    std::vector<std::chrono::milliseconds> host_skews_;
    std::vector<Launched> launched_;
    std::vector<Place> places_;
    std::vector<std::unique_ptr<SimulatedProcess>> processes_;
    std::uint32_t kills_left_ = 0;
    std::uint32_t second_chances_left_ = 0;  ///< to be given after everything has come to rest
    bool is_storm_over_ = false;
    bool is_quiet_ = false;
};

}  // namespace dispatcher
