#pragma once

#include <cstdint>

#include "store/campaign_store.h"

namespace dispatcher {

/// How much of a campaign's audience is still what was sealed.
struct SealCheck {
    std::uint64_t chunks = 0;
    std::uint64_t without_data = 0;  ///< retention dropped it; keys and the data's hash agree
    std::uint64_t forgotten = 0;     ///< recipients that were forgotten, in chunks that agree
    std::uint64_t damaged = 0;       ///< chunks whose content and hash do not agree
    bool is_chain_whole = false;     ///< the chunks' hashes make up the audience's, which is sealed

    [[nodiscard]] bool is_sound() const { return damaged == 0 && is_chain_whole; }
};

/// Reads every chunk and checks it against the seal. Memory does not grow with the audience.
/// Throws StoreError.
SealCheck check_seal(CampaignStore& store, const CampaignRecord& record);

}  // namespace dispatcher
