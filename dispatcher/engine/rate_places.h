#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "base/clock.h"
#include "store/store_session.h"

namespace dispatcher {

/// A lane's places in the budgets that limit it: the campaign's and the gateway's, both shared with
/// every other process. What was reserved and could not be used yet is kept. One thread.
class RatePlaces {
  public:
    RatePlaces(CampaignId campaign, std::string gateway, double gateway_rate_per_second)
        : campaign_(campaign),
          gateway_(std::move(gateway)),
          gateway_rate_per_second_(gateway_rate_per_second) {}

    /// Takes places for so many recipients, or for fewer; answers when to ask again if there are
    /// none now. A rate of 0 is no limit.
    std::optional<BootTime> take(StoreSession& session, double rate_per_second, std::size_t& rows,
                                 BootTime now);
    /// When what was taken may be sent.
    [[nodiscard]] BootTime not_before(BootTime now) const;
    /// The places are used.
    void spend() { held_ = {}; }
    /// The budgets have begun anew.
    void forget();

  private:
    struct Held {
        std::size_t rows = 0;
        BootTime not_before{};
    };
    const CampaignId campaign_;
    const std::string gateway_;
    const double gateway_rate_per_second_;
    std::array<std::optional<Held>, 2> held_;  ///< the campaign's, the gateway's
    BootTime ask_again_at_{};
};

}  // namespace dispatcher
