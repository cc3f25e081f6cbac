#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "audience/audience.h"
#include "campaign/campaign.h"
#include "cli/site.h"
#include "config/campaign_file.h"
#include "engine/address_binder.h"
#include "engine/dispatcher.h"

namespace dispatcher::cli {

/// A campaign file with everything it names, read and checked: what plan, preview, test and launch
/// begin with.
struct PreparedCampaign {
    CampaignFile file;
    std::vector<GatewayChoice> gateways;  ///< of the campaign, in its order
    Audience audience;
    Campaign campaign;  ///< as it would be sealed; the audience's hash is still missing
    std::vector<std::string> warnings;  ///< about where the audience came from
};

/// Looks up the devices of one of its gateways. `book` and the campaign outlive it.
AddressBinder make_binder(const PreparedCampaign& prepared, std::size_t gateway, AddressBook& book);

/// Options of the verbs that take a campaign file.
using Params = std::map<std::string, std::string>;

/// `k=v` → params. Throws ConfigError.
Params parse_params(const std::vector<std::string>& given);

/// Reads the campaign file alone. Throws ConfigError.
CampaignFile load_campaign(const Site& site, const std::string& path, const Params& params);

/// Reads the audience of `file`. `progress` hears of rows read. Throws ConfigError,
/// UnavailableError.
PreparedCampaign prepare(Site& site, CampaignFile file,
                         const std::function<void(std::uint64_t)>& progress);

/// The campaign of `file` with the definition of its audience only: enough to compare it with the
/// one that is sealed, see keep_sealed_audience(). Throws ConfigError.
Campaign unread_campaign(const Site& site, const CampaignFile& file);

}  // namespace dispatcher::cli
