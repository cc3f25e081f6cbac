#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/device_tokens.h"
#include "engine/report.h"

namespace dispatcher {

/// A device of a campaign whose token its gateway called dead.
struct DeadTokenLine {
    std::string appid;  ///< or, of a forgotten device, the name of its tombstone
    std::string gateway;
    /// Absent where the audience's data is gone, or where the address was looked up.
    std::optional<std::string> token;
    std::string reason;
    std::optional<WallTime> dead_since;  ///< the time that the gateway named, if any
    std::optional<WallTime> settled_at;
};

/// Says which devices of a campaign have dead tokens, for whoever keeps the tokens to delete them:
/// those that the gateway rejected so, or that it had before this campaign. Reads only; memory does
/// not grow with the audience. One thread.
class DeadTokenReport {
  public:
    /// Knows the gateway type of this name.
    using TypeOf = std::function<const GatewayType&(const std::string& name)>;

    /// `store` and `record` outlive this.
    DeadTokenReport(CampaignStore& store, const CampaignRecord& record, const TypeOf& type_of);

    /// In the order of the report. Throws StoreError.
    void for_each(const std::function<void(const DeadTokenLine&)>& visit);

  private:
    struct Found {
        DeadTokenLine line;
        std::string mark;
    };
    void look_up(std::vector<Found>& page);

    CampaignStore& store_;
    const CampaignRecord& record_;
    std::vector<DeviceTokens> tokens_;  ///< by gateway; empty where addresses are looked up
};

}  // namespace dispatcher
