#include "engine/reported_outcome.h"

#include <algorithm>
#include <array>

#include "base/time_text.h"

namespace dispatcher {
namespace {

constexpr std::array<std::string_view, kReportOutcomes> kNames = {
    "delivered", "rejected", "in_doubt", "skipped", "undelivered", "pending"};

std::string name(Reason reason) {
    return std::string(to_string(reason));
}

/// Nobody of this campaign ever claimed the recipient, or another one gave it back.
ReportedOutcome untouched(const CampaignStanding& campaign) {
    if (campaign.state == CampaignState::cancelled)
        return {ReportOutcome::skipped, name(Reason::cancelled)};
    if (campaign.is_expired) return {ReportOutcome::skipped, name(Reason::expired)};
    return {ReportOutcome::pending, {}};
}

ReportedOutcome released(const CampaignStanding& campaign, Reason reason) {
    if (campaign.state == CampaignState::cancelled)
        return {ReportOutcome::skipped, name(Reason::cancelled)};
    if (campaign.is_expired) return {ReportOutcome::undelivered, name(Reason::expired)};
    return {ReportOutcome::pending, name(reason)};
}

ReportedOutcome skipped(Reason reason) {
    // The rows were claimed before, and every attempt was proved not sent.
    const bool gave_up = reason == Reason::tries_used_up || reason == Reason::expired;
    return {gave_up ? ReportOutcome::undelivered : ReportOutcome::skipped, name(reason)};
}

}  // namespace

std::string_view to_string(ReportOutcome outcome) {
    return kNames[static_cast<std::size_t>(outcome)];
}

std::optional<ReportOutcome> parse_report_outcome(std::string_view name) {
    const auto found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end()) return std::nullopt;
    return static_cast<ReportOutcome>(found - kNames.begin());
}

std::vector<std::string> report_outcome_names() {
    return {kNames.begin(), kNames.end()};
}

ReportedOutcome excluded_outcome() {
    return {ReportOutcome::skipped, name(Reason::excluded)};
}

ReportedOutcome reported_outcome(const CampaignStanding& campaign, const FlagRows::Row* row,
                                 const std::function<std::string(CampaignId)>& name_of) {
    if (row == nullptr) return untouched(campaign);
    // Nobody of the scope sent to a person who had opted out, or who could not be found.
    if (row->state == FlagState::skipped &&
        (row->code.reason == Reason::suppressed || row->code.reason == Reason::gone))
        return skipped(row->code.reason);
    if (row->campaign != campaign.id)
        return row->state == FlagState::released
                   ? untouched(campaign)
                   : ReportedOutcome{ReportOutcome::skipped,
                                     "already_by:" + name_of(row->campaign)};
    const auto reason = row->code.reason;
    switch (row->state) {
        case FlagState::claimed:
            return {ReportOutcome::pending, {}};
        case FlagState::delivered:
            return {ReportOutcome::delivered, name(reason)};
        case FlagState::rejected:
            return {ReportOutcome::rejected, name(reason)};
        case FlagState::released:
            return released(campaign, reason);
        case FlagState::in_doubt:
            return {ReportOutcome::in_doubt, name(reason) + ":" + to_iso_text(row->changed_at)};
        case FlagState::skipped:
            return skipped(reason);
    }
    return {ReportOutcome::pending, {}};
}

}  // namespace dispatcher
