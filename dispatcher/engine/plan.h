#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "audience/audience.h"
#include "campaign/campaign.h"
#include "campaign/tag_places.h"
#include "engine/address_binder.h"
#include "engine/audience_sample.h"
#include "engine/dispatcher.h"
#include "engine/look_alikes.h"
#include "store/campaign_store.h"

namespace dispatcher {

/// What one gateway would get.
struct GatewayPlan {
    std::string name;
    std::string type;
    std::string target;
    std::uint64_t recipients = 0;
    std::size_t payload_bytes = 0;       ///< of the largest notification
    std::size_t payload_bytes_max = 0;   ///< that the gateway takes
    std::uint64_t too_large = 0;         ///< recipients whose notification it would not take
    std::string largest_appid;           ///< whose notification is the largest
    std::uint64_t bad_collapse_ids = 0;  ///< recipients whose collapse id cannot be a header
};

/// What another campaign of the scope has of the audience: those are not notified again.
struct SisterPlan {
    std::string name;
    CampaignState state = CampaignState::running;
    std::uint64_t delivered = 0;
    std::uint64_t rejected = 0;
    std::uint64_t claimed = 0;
    std::uint64_t in_doubt = 0;
    std::uint64_t skipped = 0;

    [[nodiscard]] std::uint64_t total() const {
        return delivered + rejected + claimed + in_doubt + skipped;
    }
};

/// How the audience stands in the store.
struct StorePlan {
    std::optional<CampaignState> state;  ///< of the campaign, if it is there already
    std::uint64_t fresh = 0;             ///< no flag yet
    std::uint64_t retryable = 0;
    std::uint64_t claimed = 0;
    std::uint64_t delivered = 0;
    std::uint64_t rejected = 0;
    std::uint64_t in_doubt = 0;
    std::uint64_t skipped = 0;
    std::uint64_t suppressed = 0;     ///< would be new or tried again, but opted out: not sent to
    std::uint64_t known_dead = 0;     ///< of fresh and retryable: rejected without a request
    bool is_dead_estimate = false;    ///< known_dead is what a sample says
    std::uint64_t by_others = 0;      ///< of the last four and claimed: held by another campaign
    std::vector<SisterPlan> sisters;  ///< every other campaign of the scope, newest first
    bool is_scope_new = false;        ///< no campaign has sent under this scope so far
    bool is_missing = false;          ///< there is no store yet: planned as against an empty one
};

/// What a launch would do, without doing any of it.
struct Plan {
    AudienceCounts audience;
    std::vector<GatewayPlan> gateways;
    std::optional<StorePlan> store;  ///< absent offline
    AudienceSample sample{kGuardSample};
    /// Who got the same text under another name; absent where that was not looked at.
    std::optional<LookAlikes> look_alikes;
    /// How the sample was found by `audience.refresh`, if the campaign has it and it was tried.
    std::optional<LookUpCounts> looked_up;
    std::uint64_t doubtful_times = 0;  ///< devices whose `registered_at` is no time
    std::uint64_t flag_bytes = 0;      ///< room for the flags, estimated
    std::uint64_t payload_bytes = 0;   ///< room for the sealed recipients; 0: not asked for
    double rate_per_second = 0;        ///< at which the estimate counts; 0: no limit is set
    std::optional<std::chrono::seconds> duration;  ///< at that rate
    /// What stops a launch, and what only deserves a look; sentences for people.
    std::vector<std::string> problems;
    std::vector<std::string> warnings;
};

/// Looks at a campaign and its audience before anything is sealed. Renders every recipient, so that
/// a payload that does not fit is found now. Reads only; one thread.
class Planner {
  public:
    /// `gateways` are those of the campaign, in its order; `template_place` opens errors about the
    /// template, `tag_places` is where its variables stand. All outlive the planner.
    Planner(const Campaign& campaign, const Settings& settings,
            const std::vector<GatewayChoice>& gateways, const Audience& audience,
            const std::string& template_place, const TagPlaces& tag_places)
        : campaign_(campaign),
          settings_(settings),
          gateways_(gateways),
          audience_(audience),
          template_place_(template_place),
          tag_places_(tag_places) {}

    /// Everything that can be said without the store. Throws ConfigError where the template does
    /// not fit the audience. `progress` hears of recipients rendered, now and then.
    Plan plan(const std::function<void(std::uint64_t)>& progress) const;

    /// Merges the audience with the flags of the campaign's scope and with the opt-out list. Throws
    /// StoreError.
    StorePlan compare(CampaignStore& store) const;

    /// Looks for campaigns that this one repeats under another name, unless it is in the store
    /// itself. After plan() and compare(). Throws StoreError.
    void look_for_alikes(Plan& plan, CampaignStore& store) const;

    /// A deadline that has passed is a problem, unless the campaign is in the store already: then a
    /// launch only tells how it stands. After compare(), if that is wanted.
    void judge_deadline(Plan& plan, WallTime now) const;

    /// Bytes of the sealed chunks, by packing them.
    [[nodiscard]] std::uint64_t packed_bytes() const;

  private:
    void render(Plan& plan, const std::function<void(std::uint64_t)>& progress) const;
    void estimate_duration(Plan& plan) const;
    static void judge(Plan& plan);

    const Campaign& campaign_;
    const Settings& settings_;
    const std::vector<GatewayChoice>& gateways_;
    const Audience& audience_;
    const std::string& template_place_;
    const TagPlaces& tag_places_;
};

}  // namespace dispatcher
