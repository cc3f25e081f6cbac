#pragma once

#include <memory>

#include "store/retention.h"
#include "store/sql/retrying_session.h"

namespace dispatcher::sql {

/// Retention over connections of any family. Connects when first used. One thread at a time.
class SqlRetention final : public Retention {
  public:
    explicit SqlRetention(std::unique_ptr<ConnectionSource> source);

    WallTime now() override;
    std::vector<FinishedCampaign> finished() override;
    bool has_unfinished(ScopeId scope) override;
    bool has_flag_since(ScopeId scope, std::optional<CampaignId> holder, WallTime since) override;

    std::vector<ChunkNo> chunks_with_data(CampaignId campaign, ChunkNo first,
                                          std::size_t limit) override;
    bool drop_data(CampaignId campaign, std::span<const DroppedData> chunks) override;
    bool mark_purged(ScopeId scope, std::string_view detail, const Actor& actor) override;
    Deleted delete_flags(ScopeId scope, std::string_view after, std::size_t limit) override;
    std::size_t delete_chunks(CampaignId campaign, std::size_t limit) override;
    std::uint64_t count_dead_tokens(WallTime before) override;
    Deleted delete_dead_tokens(WallTime before, std::string_view after, std::size_t limit) override;

  private:
    RetryingSession retrying_;
};

}  // namespace dispatcher::sql
