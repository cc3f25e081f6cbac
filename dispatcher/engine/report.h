#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "audience/chunk_block.h"
#include "base/clock.h"
#include "engine/report_counts.h"
#include "engine/reported_outcome.h"
#include "store/campaign_store.h"

namespace dispatcher {

/// One audience member in the report. A view: valid during the visit only.
struct ReportLine {
    std::string_view campaign;
    std::string_view appid;  ///< or, of a forgotten device, the name of its tombstone
    bool is_forgotten = false;
    ReportedOutcome reported;
    std::string_view gateway;
    GatewayNo gateway_no;
    std::string_view notification_id;  ///< "" where the device was forgotten
    std::uint16_t tries = 0;
    std::uint16_t claims = 0;
    // Absent where the audience has no such column, no value, or its data was dropped.
    std::optional<std::string_view> platform;
    std::optional<std::string_view> locale;
    std::optional<std::string_view> user;
    std::optional<WallTime> settled_at;
    /// Its data, in the order of the audience's columns; empty where that was dropped.
    std::span<const std::string_view> values;
};

/// Says what became of every audience member: an ordered merge of each chunk's keys with the flags,
/// in chunk order. Reads only; memory does not grow with the audience. One thread.
class Report {
  public:
    /// Both outlive the report.
    Report(CampaignStore& store, const CampaignRecord& record);

    /// Every audience member on exactly one line. Throws StoreError.
    void for_each(const std::function<void(const ReportLine&)>& visit);

    /// The counts of those lines, without walking them where the scope is the campaign's own.
    ReportCounts count();

    /// One audience member's line, or false if the appid is not in the audience.
    bool find(std::string_view appid, const std::function<void(const ReportLine&)>& visit);

  private:
    struct Columns;
    using VisitRow = std::function<void(std::size_t row, const FlagRows::Row* flag)>;
    CampaignStanding standing();
    void walk_chunks(const std::function<void(const ChunkHead&)>& visit);
    void walk_flags(const AppidList& keys, const VisitRow& visit);
    void visit_chunk(const ChunkHead& chunk, const CampaignStanding& standing,
                     std::optional<std::string_view> only,
                     const std::function<void(const ReportLine&)>& visit);
    void visit_rows(const ChunkHead& chunk, const CampaignStanding& standing, const AppidList& keys,
                    const std::optional<ChunkData>& data, std::optional<std::string_view> only,
                    const std::function<void(const ReportLine&)>& visit);
    bool shares_scope();
    std::string name_of(CampaignId campaign);

    CampaignStore& store_;
    const CampaignRecord& record_;
    std::map<CampaignId, std::string> names_;
};

}  // namespace dispatcher
