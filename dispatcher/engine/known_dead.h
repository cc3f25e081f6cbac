#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audience/audience.h"
#include "engine/device_tokens.h"
#include "engine/dispatcher.h"
#include "store/campaign_store.h"

namespace dispatcher {

/// Counts recipients whose device token is known to be dead, before anything is sealed: all of a
/// small audience, a sample of a large one. Bounded memory, few questions to the store. One thread.
class KnownDead {
  public:
    /// Up to so many recipients are all looked at; of more, about so many.
    static constexpr std::uint64_t kLookedAtMax = 10'000;

    /// A recipient that was looked at.
    struct Candidate {
        std::string mark;
        std::optional<WallTime> registered_at;
    };

    /// Nothing is looked at where the store knows of no dead token, or where addresses are looked
    /// up later. The store outlives this; `gateways` are the campaign's, in its order.
    KnownDead(CampaignStore& store, const Campaign& campaign,
              const std::vector<GatewayChoice>& gateways, const Audience& audience);

    /// Whether there is anything to look for.
    [[nodiscard]] bool has_any() const { return !tokens_.empty(); }
    /// Whether the counts are those of a sample.
    [[nodiscard]] bool is_sample() const { return is_sample_; }

    /// What to ask about this recipient; nothing where it is not looked at.
    [[nodiscard]] std::optional<Candidate> candidate(const Audience::Recipient& recipient) const;
    /// Counts one.
    void add(Candidate candidate);
    /// How many of `recipients`, of whom those that were added are all or a sample.
    std::uint64_t finish(std::uint64_t recipients);

  private:
    void ask();

    CampaignStore& store_;
    std::vector<DeviceTokens> tokens_;  ///< by gateway; empty: nothing is looked at
    bool is_sample_ = false;
    std::uint64_t hash_max_ = UINT64_MAX;  ///< of those that are looked at
    std::vector<Candidate> waiting_;
    std::uint64_t added_ = 0;
    std::uint64_t dead_ = 0;
};

}  // namespace dispatcher
