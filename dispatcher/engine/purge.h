#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "store/retention.h"

namespace dispatcher {

/// What is old enough to go, of one campaign, of one scope, or of no campaign.
struct PurgeStep {
    enum class What : std::uint8_t {
        audience,     ///< the data of its audience: tokens, names, every column but the appid
        flags,        ///< flags and appids of every campaign of the scope
        dead_tokens,  ///< what the store knows of tokens that were called dead so long ago
    };
    What what = What::audience;
    ScopeId scope;
    std::vector<FinishedCampaign> campaigns;  ///< one for `audience`
    WallTime last_sign{};                     ///< of life, of any of them
    std::uint64_t dead_tokens = 0;
};

struct PurgeResult {
    std::uint64_t flags = 0;
    std::uint64_t dead_tokens = 0;
    std::uint64_t chunks_dropped = 0;  ///< whose data was dropped
    std::uint64_t chunks_deleted = 0;
    std::uint64_t chunks_damaged = 0;  ///< left as they are: they are not what was sealed
    bool is_refused = false;  ///< a campaign was taken up again meanwhile: what is left stays
};

/// Removes what is older than retention wants it, in short transactions, resumable after a crash.
/// Never anything of a campaign that is not finished. One thread.
class Purge {
  public:
    struct Ages {
        std::chrono::milliseconds flags{};
        std::chrono::milliseconds audience{};
    };
    /// The store and the retention outlive this.
    Purge(CampaignStore& store, Retention& retention, const Ages& ages)
        : store_(store), retention_(retention), ages_(ages) {}

    /// What run() would take up now. Reads only.
    std::vector<PurgeStep> plan();
    /// Takes up one step; `progress` is told after each transaction, and ends the run early by
    /// answering false.
    PurgeResult run(const PurgeStep& step, const Actor& actor,
                    const std::function<bool(const PurgeResult&)>& progress);

  private:
    void run_audience(const FinishedCampaign& campaign, const Actor& actor, PurgeResult& result,
                      const std::function<bool(const PurgeResult&)>& progress);
    void run_flags(const PurgeStep& step, const Actor& actor, PurgeResult& result,
                   const std::function<bool(const PurgeResult&)>& progress);
    void run_dead_tokens(const Actor& actor, PurgeResult& result,
                         const std::function<bool(const PurgeResult&)>& progress);
    std::vector<Retention::DroppedData> hash_data(CampaignId campaign,
                                                  const std::vector<ChunkNo>& chunks,
                                                  PurgeResult& result);

    CampaignStore& store_;
    Retention& retention_;
    const Ages ages_;
};

}  // namespace dispatcher
