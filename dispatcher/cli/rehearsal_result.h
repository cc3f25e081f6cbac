#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/plan.h"
#include "engine/report_counts.h"
#include "rehearsal/incarnations.h"
#include "rehearsal/judge.h"

namespace dispatcher::cli {

/// What a rehearsal found.
struct RehearsalResult {
    std::string campaign;
    std::string over;  ///< the gateways as the real launch would name them
    std::uint64_t seed = 0;
    std::uint64_t devices = 0;
    std::uint64_t excluded = 0;
    std::vector<GatewayPlan> gateways;
    std::uint64_t wire = 0;     ///< requests on the wire at once, at most
    bool is_wire_less = false;  ///< than configured, for the kills to find it at work
    bool is_isolated = false;   ///< the kernel kept the processes from any other network

    std::size_t kills_wanted = 0;
    std::vector<Incarnation> incarnations;
    std::uint64_t peak_bytes = 0;

    CampaignState state = CampaignState::running;
    std::string cause;  ///< why it did not run to its end
    ReportCounts counts;
    Verdict verdict;
    std::chrono::milliseconds sending{0};          ///< the time that the rate is counted over
    std::optional<double> per_second;              ///< nothing: too few, or too short, to tell
    double limit_per_second = 0;                   ///< that the real launch is held to; 0: none
    std::optional<std::chrono::milliseconds> eta;  ///< of the real launch
    std::string kept;                              ///< the folder, if it stays
    std::vector<std::string> notes;                ///< what was otherwise than in a launch
    int exit_code = 0;

    [[nodiscard]] std::size_t kills() const { return incarnations.size() - 1; }
};

}  // namespace dispatcher::cli
