#pragma once

#include <cstddef>
#include <map>

#include "store/store_session.h"

namespace dispatcher {

/// How the chunks of a campaign stand at a moment.
struct ChunkSurvey {
    std::map<GatewayNo, std::size_t> open_by_gateway;  ///< not closed
    std::size_t leased = 0;  ///< by processes that are not known to have ended

    static ChunkSurvey of(StoreSession& session, CampaignId campaign);

    [[nodiscard]] std::size_t open() const;
    [[nodiscard]] std::size_t open(GatewayNo gateway) const;
};

}  // namespace dispatcher
