#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <vector>

#include "cli/site.h"

namespace dispatcher::cli {

/// What a worker does for campaigns that are not running: sweeps what lost processes held in paused
/// and cancelled ones, and takes up finished ones that have something to send again. A campaign is
/// looked at once for each change that matters, so that those at rest cost nothing. One thread.
class Caretaker {
  public:
    /// Both outlive the caretaker.
    Caretaker(Site& site, std::ostream& err) : site_(site), err_(err) {}

    /// `all` are the campaigns of the store, among them this one.
    void look_after(const CampaignRecord& listed, const std::vector<CampaignRecord>& all);

  private:
    Site& site_;
    std::ostream& err_;
    std::map<CampaignId, std::uint64_t> looked_at_;  ///< what they were like when all was well
};

}  // namespace dispatcher::cli
