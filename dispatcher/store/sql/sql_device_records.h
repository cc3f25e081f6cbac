#pragma once

#include <memory>

#include "store/device_records.h"
#include "store/sql/retrying_session.h"

namespace dispatcher::sql {

/// DeviceRecords over connections of any family. Connects when first used. One thread at a time.
class SqlDeviceRecords final : public DeviceRecords {
  public:
    explicit SqlDeviceRecords(std::unique_ptr<ConnectionSource> source);

    std::vector<DevicePlace> places_of(std::string_view appid) override;
    std::optional<ProcessRecord> process_of(IncarnationId incarnation) override;
    bool is_suppressed(std::string_view appid) override;

    std::string tombstone_key() override;
    bool rewrite_chunk(CampaignId campaign, ChunkNo chunk, const RewrittenChunk& to) override;
    bool bury_flag(ScopeId scope, std::string_view appid, std::string_view tombstone,
                   std::span<const DevicePlace> known) override;
    bool has_tombstones(ScopeId scope) override;
    std::size_t revive(ScopeId scope, std::span<const Revival> devices) override;

  private:
    RetryingSession retrying_;
};

}  // namespace dispatcher::sql
