#include "cli/last_order.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/time_text.h"

namespace dispatcher::cli {
namespace {

/// Orders of the audit that are looked through; what lies before them is old news.
constexpr std::size_t kAuditRows = 100;

struct OrderWords {
    std::string_view action;  ///< in the audit
    std::string_view done;
    CampaignState state;  ///< that it leads to
};

constexpr std::array kOrders = {OrderWords{"launch", "sealed", CampaignState::sealed},
                                OrderWords{"start", "started", CampaignState::running},
                                OrderWords{"resume", "resumed", CampaignState::running},
                                OrderWords{"pause", "paused", CampaignState::paused},
                                OrderWords{"cancel", "cancelled", CampaignState::cancelled},
                                OrderWords{"freeze", "frozen", CampaignState::frozen},
                                OrderWords{"purge", "purged", CampaignState::purged}};

const OrderWords* find(std::string_view action) {
    const auto* const found =
        std::find_if(kOrders.begin(), kOrders.end(),
                     [&](const OrderWords& order) { return order.action == action; });
    return found == kOrders.end() ? nullptr : found;
}

/// Whether the program gave it itself.
bool is_own(const AuditRow& order) {
    return order.from == kFromEngine || order.from == kFromFirstLook || order.from == kFromRefresh;
}

}  // namespace

std::optional<AuditRow> last_order(CampaignStore& store, const CampaignRecord& record) {
    for (auto& row : store.audit(record.name.text(), kAuditRows)) {
        const auto* const order = find(row.action);
        if (order != nullptr && order->state == record.head.state) return std::move(row);
    }
    return std::nullopt;
}

std::string order_sentence(const AuditRow& order) {
    const auto* const words = find(order.action);
    const auto done = words != nullptr       ? std::string(words->done)
                      : order.detail.empty() ? order.action
                                             : order.action + ": " + order.detail + ",";
    auto sentence =
        fmt::format("{} by {}{} at {}", done, is_own(order) ? "the sending process of " : "",
                    order.who, to_iso_text(order.at));
    if (!order.because.empty()) sentence += ", because: " + order.because;
    return sentence;
}

}  // namespace dispatcher::cli
