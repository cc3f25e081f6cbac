#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "engine/reported_outcome.h"

namespace dispatcher {

/// How many report lines of a campaign say what.
struct ReportCounts {
    std::array<std::uint64_t, kReportOutcomes> by_outcome{};
    /// By outcome and reason, the detail behind the colon left off but for `already_by:`.
    std::map<std::pair<ReportOutcome, std::string>, std::uint64_t> by_reason;
    // The pending ones, by what would happen to them:
    std::uint64_t never_tried = 0;  ///< no flag yet
    std::uint64_t claimed = 0;      ///< a process holds, or held, the right to send
    std::uint64_t retryable = 0;    ///< proved not sent, to be tried again

    [[nodiscard]] std::uint64_t of(ReportOutcome outcome) const {
        return by_outcome[static_cast<std::size_t>(outcome)];
    }
    [[nodiscard]] std::uint64_t total() const;
    /// Lines that will not change by themselves.
    [[nodiscard]] std::uint64_t settled() const { return total() - of(ReportOutcome::pending); }

    /// Counts `rows` lines of one kind.
    void add(const CampaignStanding& campaign, const FlagRows::Row* row,
             const ReportedOutcome& reported, std::uint64_t rows = 1);
};

}  // namespace dispatcher
