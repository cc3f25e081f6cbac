#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "campaign/campaign_state.h"
#include "campaign/ids.h"
#include "store/store_session.h"

namespace dispatcher {

/// What the report says became of one audience member.
enum class ReportOutcome : std::uint8_t {
    delivered,    ///< accepted by the gateway
    rejected,     ///< the gateway refused this device for good
    in_doubt,     ///< it may have been sent; nobody can know
    skipped,      ///< settled by a rule, without sending
    undelivered,  ///< tries or time used up, each attempt proved not sent
    pending,      ///< not settled yet
};
inline constexpr std::size_t kReportOutcomes = 6;

std::string_view to_string(ReportOutcome outcome);
std::optional<ReportOutcome> parse_report_outcome(std::string_view name);
/// Every name, in the order of the enum.
std::vector<std::string> report_outcome_names();

/// An outcome with its reason, as a report line shows them: reason "" is none; `already_by:NAME`
/// and, in doubt, `CLASS:TIME` carry a detail behind the colon.
struct ReportedOutcome {
    ReportOutcome outcome = ReportOutcome::pending;
    std::string reason;
    bool operator==(const ReportedOutcome&) const = default;
};

/// What became of the members of a chunk of kExcludedGateway, flag or no flag.
ReportedOutcome excluded_outcome();

/// What the outcome of a campaign's recipients depends on besides their flags.
struct CampaignStanding {
    CampaignId id;
    CampaignState state = CampaignState::running;
    bool is_expired = false;  ///< the delivery deadline has passed

    static CampaignStanding of(const CampaignHead& head) {
        return {head.id, head.state, head.deadline && *head.deadline <= head.now};
    }
};

/// Derives the outcome of one recipient; `row` is its flag in the campaign's scope, or null where
/// there is none. `name_of` tells the name of another campaign that holds the flag. Pure.
ReportedOutcome reported_outcome(const CampaignStanding& campaign, const FlagRows::Row* row,
                                 const std::function<std::string(CampaignId)>& name_of);

}  // namespace dispatcher
