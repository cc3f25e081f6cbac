#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/dispatcher.h"
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
        std::string payload;  ///< "" if it is larger than the gateway takes
        /// The campaign looks addresses up, and keeps none.
        bool is_looked_up = false;
        /// The whole request, its secrets left out, times as of now; absent where the address or
        /// the gateway's settings are not at hand, or the payload is too large.
        std::optional<RequestPreview> request;
    };
    std::optional<Text> text;  ///< absent where retention dropped the audience's data
};

/// The type of a sealed gateway, and its settings where there are any to preview a request with.
using FindGateway = std::function<GatewayChoice(const SealedGateway&)>;

/// Every campaign whose audience holds the device, oldest first. Reads only; `now` is when requests
/// are shown as of. Throws StoreError, and what `find_gateway` throws.
std::vector<DeviceChapter> device_history(CampaignStore& store, DeviceRecords& records,
                                          std::string_view appid, const FindGateway& find_gateway,
                                          WallTime now);

}  // namespace dispatcher
