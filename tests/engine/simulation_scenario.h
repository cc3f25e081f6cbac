#pragma once

#include <chrono>
#include <optional>

#include "campaign/campaign.h"
#include "engine/engine_options.h"
#include "engine/simulated_gateway.h"
#include "engine/simulated_source.h"
#include "engine/simulated_store.h"
#include "engine/simulated_world.h"

namespace dispatcher {

/// What one seed asks for: who sends how much to whom, and what goes wrong.
struct Scenario {
    std::uint32_t recipients = 0;
    std::uint32_t chunk_rows = 0;
    std::uint32_t gateways = 1;
    std::uint32_t campaigns = 1;  ///< that share one scope and part of their audience
    std::uint32_t hosts = 1;
    std::uint32_t processes = 1;
    bool is_journal_synced = false;
    InDoubtPolicy in_doubt = InDoubtPolicy::hold;
    std::optional<std::chrono::milliseconds> deadline_after;
    Settings settings;
    EngineOptions options;
    std::size_t in_flight_max = 10;

    std::chrono::milliseconds storm{0};  ///< faults happen this long, then all is well
    StoreWeather store;
    GatewayWeather gateway;
    std::uint32_t kills = 0;
    std::uint32_t stops = 0;       ///< SIGSTOP for a while, often past the lease
    std::uint32_t power_cuts = 0;  ///< of a host
    std::uint32_t outages = 0;     ///< of the database server
    std::uint32_t gateway_outages = 0;
    std::uint32_t pauses = 0;
    std::uint32_t terminations = 0;      ///< SIGTERM
    std::uint32_t clock_steps = 0;       ///< of the database
    std::uint32_t halts = 0;             ///< of the whole store
    std::uint32_t opt_outs = 0;          ///< devices that come onto the opt-out list
    std::uint32_t settings_changes = 0;  ///< an operator's `set`
    std::uint32_t second_chances = 0;    ///< restarts that include what was rejected or given up
    bool is_cancelled = false;           ///< at some point
    bool is_refreshed = false;           ///< devices are looked up when their turn comes
    SourceWeather source;
    std::chrono::milliseconds clock_skew_max{0};  ///< of hosts against each other

    static Scenario draw(World& world);
    /// Whether a device can be in doubt without a request having been handed over.
    [[nodiscard]] bool loses_journals() const { return power_cuts > 0; }
};

}  // namespace dispatcher
