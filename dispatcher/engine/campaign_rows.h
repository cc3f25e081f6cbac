#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audience/chunk_block.h"
#include "audience/row_reader.h"
#include "engine/reported_outcome.h"
#include "store/campaign_store.h"

namespace dispatcher {

/// The members of a campaign with some outcomes as rows of an audience, straight from its sealed
/// chunks: everybody whose report line says so now. One chunk at a time in memory. One thread.
class CampaignRows final : public RowReader {
  public:
    /// `outcomes`: names of the report; none means all. `where` opens errors. The store outlives
    /// the reader. Throws ConfigError for an outcome that is none.
    CampaignRows(CampaignStore& store, CampaignRecord record,
                 const std::vector<std::string>& outcomes, std::string where);
    ~CampaignRows() override;

    /// Throws ConfigError if the campaign's personal data was dropped, StoreError.
    bool next(Row& row) override;
    [[nodiscard]] const std::vector<std::string>& columns() const override {
        return record_.campaign.audience.columns;
    }
    [[nodiscard]] bool has_header() const override { return true; }

  private:
    bool next_chunk();
    void open_chunk(const ChunkHead& chunk);
    void choose(const ChunkHead& chunk);
    std::string name_of(CampaignId campaign);

    CampaignStore& store_;
    const CampaignRecord record_;
    const std::string where_;
    std::array<bool, kReportOutcomes> is_wanted_{};
    CampaignStanding standing_;
    std::map<CampaignId, std::string> names_;

    ChunkNo next_{0};
    std::vector<ChunkHead> chunks_;  ///< a page of them
    std::size_t chunk_ = 0;          ///< the next one of the page
    bool is_last_page_ = false;

    // The chunk in hand: the rows that are wanted, and which comes next.
    AppidList keys_;
    std::optional<ChunkData> data_;
    std::vector<std::uint32_t> wanted_;
    std::size_t at_ = 0;
    std::uint64_t rows_ = 0;
};

}  // namespace dispatcher
