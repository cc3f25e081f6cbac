#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/simulated_database.h"
#include "engine/simulated_gateway.h"
#include "engine/simulation_scenario.h"

namespace dispatcher {

/// Holds the tables against the gateways' own ledger after everything has come to rest. Uses
/// nothing of the engine.
class Verdicts {
  public:
    Verdicts(const SimulatedDatabase& database, const Ledger& ledger, const Scenario& scenario)
        : database_(database), ledger_(ledger), scenario_(scenario) {}

    /// What is broken of I1 to I5 and I7 for a campaign's audience, in words.
    [[nodiscard]] std::vector<std::string> of_campaign(
        CampaignId campaign, const std::vector<std::string>& audience) const;
    /// I6: what was sent to others than the audiences.
    [[nodiscard]] std::vector<std::string> of_strangers(
        const std::set<std::string>& audiences) const;

  private:
    [[nodiscard]] bool may_leave(CampaignId campaign) const;
    [[nodiscard]] std::string of_flag(const FlagKey& key, const FlagRows::Row& row,
                                      bool may_be_left) const;

    const SimulatedDatabase& database_;
    const Ledger& ledger_;
    const Scenario& scenario_;
};

}  // namespace dispatcher
