#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "audience/audience.h"
#include "campaign/campaign.h"
#include "store/campaign_store.h"
#include "store/device_records.h"

namespace dispatcher {

/// A campaign in the store, and whether this call put it there.
struct SealedCampaign {
    CampaignRecord record;
    bool is_new = false;
};

/// Puts message, audience and targets into the store in one commit, or finds that they are there
/// already: before the seal nothing of a campaign can be sent, after it nothing of it can change.
/// One thread.
class Sealer {
  public:
    /// `owner`: this process, so that the draft of a dead one can be told from a live one's.
    Sealer(CampaignStore& store, DeviceRecords& records, IncarnationId owner)
        : store_(store), records_(records), owner_(owner) {}

    /// Seals the campaign, or joins the one that has its name and the same content. `progress`
    /// hears of recipients sealed; what it throws ends the sealing. Whatever fails, no draft is
    /// left behind that anybody could mistake for a campaign. Throws RefusedError with the
    /// differences if the name is sealed with other content, or was purged; StoreError.
    SealedCampaign seal(Campaign campaign, const Settings& settings, const Audience& audience,
                        std::string_view source_text, const Actor& actor,
                        const std::function<void(std::uint64_t recipients)>& progress);

    /// Joins the sealed campaign `record` if it is this one, whose audience was read anew, or need
    /// not have been where keep_sealed_audience() lets the sealed one stand. Throws as seal() does.
    [[nodiscard]] static SealedCampaign join(CampaignRecord record, Campaign campaign);

  private:
    CampaignId store_draft(Campaign& campaign, const Audience& audience,
                           const std::function<void(std::uint64_t)>& progress);
    void fill_draft(CampaignId draft, Campaign& campaign, const Audience& audience,
                    const std::function<void(std::uint64_t)>& progress);
    void drop(CampaignId draft) noexcept;

    CampaignStore& store_;
    DeviceRecords& records_;
    const IncarnationId owner_;
};

}  // namespace dispatcher
