#include "engine/report_counts.h"

#include <numeric>

namespace dispatcher {

std::uint64_t ReportCounts::total() const {
    return std::accumulate(by_outcome.begin(), by_outcome.end(), std::uint64_t{0});
}

void ReportCounts::add(const CampaignStanding& campaign, const FlagRows::Row* row,
                       const ReportedOutcome& reported, std::uint64_t rows) {
    by_outcome[static_cast<std::size_t>(reported.outcome)] += rows;
    if (!reported.reason.empty()) {
        const auto detail = reported.outcome == ReportOutcome::in_doubt ? reported.reason.find(':')
                                                                        : std::string::npos;
        by_reason[{reported.outcome, reported.reason.substr(0, detail)}] += rows;
    }
    if (reported.outcome != ReportOutcome::pending) return;
    if (row == nullptr)
        never_tried += rows;
    else if (row->campaign == campaign.id && row->state == FlagState::claimed)
        claimed += rows;
    else
        retryable += rows;
}

}  // namespace dispatcher
