#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/campaign_store.h"

namespace dispatcher::cli {

/// Where the orders come from that the program gave itself, as the audit has it.
inline constexpr std::string_view kFromEngine = "engine";
inline constexpr std::string_view kFromFirstLook = "delivery.first";
inline constexpr std::string_view kFromRefresh = "audience.refresh";

/// The order that brought a campaign into its state, by the audit; nothing where nobody gave one,
/// because the state came about by itself.
std::optional<AuditRow> last_order(CampaignStore& store, const CampaignRecord& record);

/// "paused by eve@night at 2027-03-01T09:03:10.000Z, because: typo in the German title"; an order
/// that the program gave itself says so.
std::string order_sentence(const AuditRow& order);

}  // namespace dispatcher::cli
