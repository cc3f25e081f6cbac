#pragma once

#include <iosfwd>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/recovery.h"
#include "engine/report_counts.h"
#include "store/campaign_store.h"

namespace dispatcher::cli {

// How campaigns look in the JSON that commands print, and in sentences for people.

/// {"delivered":…, "rejected":…, "in_doubt":…, "skipped":…, "undelivered":…, "pending":…}.
nlohmann::ordered_json counts_view(const ReportCounts& counts);
/// [{"outcome":…, "reason":…, "count":…}, …], where there is a reason.
nlohmann::ordered_json reasons_view(const ReportCounts& counts);
nlohmann::ordered_json recovered_view(const Recovered& recovered);
/// Name, state, cause, when and by whom it was sealed, gateways, recipients; without counts.
nlohmann::ordered_json record_view(const CampaignRecord& record);

/// One document on one line.
void print_json(std::ostream& out, const nlohmann::ordered_json& document);

/// "9,900 delivered, 50 rejected, 3 in doubt": what is zero is left out but for delivered.
std::string counts_sentence(const ReportCounts& counts);
/// "delivered 9,000, rejected 50, retryable 12, in doubt 3, never tried 935" and, where they are,
/// skipped, undelivered and claimed.
std::string standing_sentence(const ReportCounts& counts);
/// "1,024 claimed: 611 never left this machine, 371 were answered, 42 are in doubt"; "" if the dead
/// left nothing.
std::string recovered_sentence(const Recovered& recovered);

}  // namespace dispatcher::cli
