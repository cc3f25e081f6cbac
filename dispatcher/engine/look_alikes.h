#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "campaign/campaign.h"
#include "campaign/campaign_state.h"
#include "engine/audience_sample.h"
#include "store/campaign_store.h"

namespace dispatcher {

/// Another campaign of the store whose text is the same or nearly so, and what it did to the
/// devices that were sampled from the audience.
struct LookAlike {
    std::string campaign;
    std::string once_per;
    CampaignState state = CampaignState::running;
    WallTime since{};             ///< when it was started or, if it was not, sealed
    double likeness = 1;          ///< of the two texts, as TextShape says; the least of its locales
    std::uint64_t delivered = 0;  ///< sampled devices that got the text from it
    std::uint64_t in_doubt = 0;   ///< that may have: in doubt, or claimed now
    std::uint64_t expected = 0;   ///< that are still to get it: it is not finished

    [[nodiscard]] std::uint64_t devices() const { return delivered + in_doubt + expected; }
};

/// How much of an audience got the text of a campaign already, under other names.
struct LookAlikes {
    std::uint64_t sampled = 0;
    std::uint64_t reached = 0;         ///< of these, from any of `campaigns`
    bool is_sample = false;            ///< the audience has more devices than were looked at
    WallTime now{};                    ///< by the database's clock
    std::vector<LookAlike> campaigns;  ///< the one that reached most of them first

    [[nodiscard]] double share() const {
        return sampled == 0 ? 0 : static_cast<double>(reached) / static_cast<double>(sampled);
    }
    /// Whether so many of the devices got it that a launch is probably a mistake.
    [[nodiscard]] bool is_found() const;
};

/// Devices that are sampled: what one read of flags takes.
inline constexpr std::size_t kGuardSample = 1000;

/// Compares a campaign that is not in the store with those sealed there within the last 30 days, at
/// most the newest 50: same text, or nearly, and then, by the flags, who got it. Of a campaign that
/// is not finished, its sealed audience counts too, whether it was sent to yet or not. Left out are
/// campaigns of the same scope (`once_per` protects there), occurrences of the same schedule, and
/// test runs. One query where no text is alike; nothing is stored. Throws StoreError.
LookAlikes find_look_alikes(CampaignStore& store, const Campaign& campaign,
                            const AudienceSample& sample);

}  // namespace dispatcher
