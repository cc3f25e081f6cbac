#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "cli/signal_watch.h"
#include "store/campaign_store.h"

namespace dispatcher::cli {

/// What became of the claims that were open when a pause or a halt took effect.
struct Drained {
    std::size_t claimed = 0;      ///< then
    std::size_t on_the_wire = 0;  ///< of those: had left, or may have
    std::size_t left = 0;         ///< still claimed, by processes that were heard of no more
    bool is_interrupted = false;  ///< the operator did not want to wait
    [[nodiscard]] std::size_t given_back() const { return claimed - on_the_wire - left; }
};

/// Waits until the processes that work on these campaigns, whose claims have been stopped by now,
/// have settled what they hold. Claims of dead processes are not waited for.
Drained drain(CampaignStore& store, SignalWatch& signals,
              const std::vector<CampaignRecord>& campaigns);

/// The same where `wait` waits for one campaign after the other; it answers false if the operator
/// did not want to wait.
Drained drained_by(CampaignStore& store, const std::vector<CampaignRecord>& campaigns,
                   const std::function<bool(const CampaignRecord&)>& wait);

/// "12 notifications were on the wire when it took effect, 1,988 were given back unsent".
std::string drained_sentence(const Drained& drained);

}  // namespace dispatcher::cli
