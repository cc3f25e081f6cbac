#pragma once

#include <map>
#include <string>
#include <vector>

#include "audience/audience.h"
#include "campaign/campaign.h"
#include "campaign/routing.h"
#include "campaign/tag_places.h"

namespace dispatcher {

/// A campaign file with its template, before its audience is read.
struct CampaignFile {
    std::string path;         ///< as given
    std::string source_text;  ///< the bytes of the file
    CampaignName name = CampaignName::from_store("");
    std::string once_per;
    AudienceOptions audience;
    Routing routing;
    Message message;
    std::string template_path;
    TagPlaces tag_places;  ///< of the template's variables
    Settings settings;
    InDoubtPolicy in_doubt = InDoubtPolicy::hold;
};

/// Reads and checks a campaign file and the template it names. `params` fill ${param:k}.
/// `gateway_names` and `source_names` are those of the server file. Throws ConfigError with
/// file:line:column, what is wrong, and the nearest valid key; keys of features to come are "not
/// available in this version".
CampaignFile load_campaign_file(const std::string& path,
                                const std::map<std::string, std::string>& params,
                                const std::vector<std::string>& gateway_names,
                                const std::vector<std::string>& source_names = {});

}  // namespace dispatcher
