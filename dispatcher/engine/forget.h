#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/device_records.h"

namespace dispatcher {

struct Forgotten {
    std::vector<std::string> campaigns;  ///< whose audience held the device
    std::uint64_t flags = 0;             ///< that hold on, under a tombstone
    bool is_suppressed = false;          ///< its entry in the opt-out list stays
    std::string tombstone;               ///< how the audit names the device
};

/// Takes a device's appid and data out of the store and leaves tombstones, so that its flags still
/// hold. Every step is a transaction after which everything still holds; after a crash the same
/// call goes on. Throws RefusedError, before anything is changed, while a campaign that is not
/// finished, or that is being launched, has the device in its audience.
Forgotten forget_device(CampaignStore& store, DeviceRecords& records, std::string_view appid,
                        const Actor& actor);

/// Lets the flags of forgotten devices hold for a draft whose audience names them again. To be
/// called when all chunks of the draft are stored, before it is sealed. Answers how many there
/// were.
std::uint64_t revive_forgotten(CampaignStore& store, DeviceRecords& records, CampaignId draft,
                               std::string_view once_per);

}  // namespace dispatcher
