#pragma once

#include <optional>
#include <string>

#include "store/campaign_store.h"

namespace dispatcher::cli {

/// The order that brought a campaign into its state, by the audit; nothing where nobody gave one,
/// because the state came about by itself.
std::optional<AuditRow> last_order(CampaignStore& store, const CampaignRecord& record);

/// "paused by eve@night at 2027-03-01T09:03:10.000Z, because: typo in the German title"; an order
/// that the program gave itself says so.
std::string order_sentence(const AuditRow& order);

}  // namespace dispatcher::cli
