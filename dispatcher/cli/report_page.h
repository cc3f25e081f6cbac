#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "engine/report_digest.h"
#include "store/campaign_store.h"

namespace dispatcher::cli {

/// What a campaign's page is made of.
struct ReportPage {
    const CampaignRecord& record;
    const ReportDigest& digest;
    std::vector<AuditRow> orders;  ///< oldest first
    WallTime made_at{};
};

/// Orders of a campaign that its page shows.
inline constexpr std::size_t kPageOrdersMax = 40;

/// Writes the page: one HTML document that asks for nothing outside itself, runs no script, and can
/// be mailed and printed. Every value is escaped, whoever made it up. Pure but for the stream.
void write_page(std::ostream& out, const ReportPage& page);

}  // namespace dispatcher::cli
