#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "campaign/campaign_state.h"
#include "store/campaign_store.h"

namespace dispatcher {

/// A finished campaign as retention sees it.
struct FinishedCampaign {
    CampaignId id;
    ScopeId scope;
    std::string name;
    CampaignState state = CampaignState::done;
    std::uint64_t recipients = 0;
    WallTime last_order{};    ///< sealed, started or ordered about last
    bool has_chunks = false;  ///< of a purged one: its purge did not come to its end
    bool has_data = false;    ///< some of the audience's data is there
};

/// Port: what retention takes out of the store, in steps of one short transaction each. A step that
/// is repeated, also after a crash, finds what is left to do. Every step that removes looks again,
/// under the campaign's lock, whether it still may. Throws StoreError. One thread at a time.
class Retention {
  public:
    virtual ~Retention() = default;
    virtual WallTime now() = 0;

    /// Every campaign that is finished, and purged ones that still have chunks; oldest first.
    virtual std::vector<FinishedCampaign> finished() = 0;
    /// Whether a campaign of this scope is not finished. Drafts have no scope yet.
    virtual bool has_unfinished(ScopeId scope) = 0;
    /// Whether a flag of the scope changed at or after this; with `holder`, one that this campaign
    /// holds. Scans the scope until it finds one.
    virtual bool has_flag_since(ScopeId scope, std::optional<CampaignId> holder,
                                WallTime since) = 0;

    /// Chunks from `first` on that have their data.
    virtual std::vector<ChunkNo> chunks_with_data(CampaignId campaign, ChunkNo first,
                                                  std::size_t limit) = 0;
    struct DroppedData {
        ChunkNo chunk;
        Sha256Digest data_sha256{};  ///< what stays, so that the seal can be checked
    };
    /// Drops the data of these chunks; false, and nothing is dropped, if the campaign is not
    /// finished any more.
    virtual bool drop_data(CampaignId campaign, std::span<const DroppedData> chunks) = 0;

    /// Makes every campaign of the scope PURGED, with its audit row, so that no claim can follow;
    /// false, and nothing is changed, if one of them is not finished.
    virtual bool mark_purged(ScopeId scope, std::string_view detail, const Actor& actor) = 0;
    struct Deleted {
        std::string next;  ///< where to go on
        std::uint64_t rows = 0;
        bool is_over = false;     ///< nothing is left behind `next`
        bool is_refused = false;  ///< nothing may be deleted
    };
    /// Deletes flags that purged campaigns of the scope hold, of the next `limit` flags behind
    /// `after`; refuses where no campaign of the scope is purged, or one is not finished.
    virtual Deleted delete_flags(ScopeId scope, std::string_view after, std::size_t limit) = 0;
    /// Deletes up to `limit` chunks of a purged campaign; answers how many there were.
    virtual std::size_t delete_chunks(CampaignId campaign, std::size_t limit) = 0;

    /// Dead device tokens that no gateway has called dead since then.
    virtual std::uint64_t count_dead_tokens(WallTime before) = 0;
    /// Forgets those among the next `limit` tokens behind `after`. Never refused: whoever meets one
    /// of them asks its gateway again.
    virtual Deleted delete_dead_tokens(WallTime before, std::string_view after,
                                       std::size_t limit) = 0;
};

}  // namespace dispatcher
