#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/reported_outcome.h"
#include "gateway/gateway_type.h"
#include "store/device_records.h"

namespace dispatcher {

/// What one campaign has to do with a device of its audience.
struct DeviceChapter {
    CampaignRecord record;
    ReportedOutcome reported;
    std::string gateway;  ///< as the campaign calls it
    /// The flag in the campaign's scope, whoever holds it, and the holder's name.
    std::optional<FlagRows::Row> flag;
    std::string holder;
    std::optional<ProcessRecord> process;  ///< that claimed it last, where the flag still names it

    /// What the device was, or would have been, sent: rendered from what was sealed.
    struct Text {
        std::string locale;  ///< of the template
        std::string title;
        std::string body;
        std::string payload;  ///< as the gateway gets it; "" if it is larger than that takes
    };
    std::optional<Text> text;  ///< absent where retention dropped the audience's data
};

/// Every campaign whose audience holds the device, oldest first. `type_of` knows the gateway types
/// by name. Reads only. Throws StoreError, and what `type_of` throws.
std::vector<DeviceChapter> device_history(
    CampaignStore& store, DeviceRecords& records, std::string_view appid,
    const std::function<const GatewayType&(const std::string&)>& type_of);

}  // namespace dispatcher
