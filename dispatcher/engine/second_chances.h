#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "engine/reported_outcome.h"
#include "store/flag_store.h"

namespace dispatcher {

/// What an operator wants to try again: outcomes of the report, and of them these reasons only.
struct Included {
    bool undelivered = false;  ///< given up: tries or time used up
    bool rejected = false;
    std::set<Reason> reasons;  ///< empty: every reason
};

/// Whether one may ask for a second chance of flags that ended for this reason: every rejection,
/// what was given up, and whoever could not be found. Each of them is proof that nothing was
/// delivered.
bool may_be_included(Reason reason);

/// How many recipients a second chance concerns.
struct ChanceCounts {
    /// That can have one, by how the report shows them now.
    std::map<std::pair<ReportOutcome, Reason>, std::uint64_t> possible;
    /// That can have none for ever: they were in doubt at some time, so they may have been sent.
    std::uint64_t once_in_doubt = 0;
    /// That cannot be addressed any more: retention dropped the data of their chunk.
    std::uint64_t without_data = 0;

    [[nodiscard]] std::uint64_t total() const;
};

/// Finds a campaign's recipients that were rejected or given up, chunk by chunk, and gives them a
/// second chance (T10). Memory does not grow with the audience. One thread.
class SecondChancesWalk {
  public:
    /// All outlive the walk.
    SecondChancesWalk(FlagStore& flags, const CampaignHead& campaign, const Included& included)
        : flags_(flags), campaign_(campaign), included_(included) {}

    /// Changes nothing. Throws StoreError.
    ChanceCounts count();

    /// Answers how many are released now. Complete in itself for each chunk: after a StoreError it
    /// may be called again, and goes on with the rest. The order stands in the audit before.
    std::uint64_t give();

  private:
    template <class Visit>
    void for_each(Visit&& visit);
    bool is_data_kept(ChunkNo chunk);
    [[nodiscard]] bool is_wanted(const FlagRows::Row& row) const;

    FlagStore& flags_;
    const CampaignHead& campaign_;
    const Included& included_;
};

}  // namespace dispatcher
