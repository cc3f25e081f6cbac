#include "engine/report_digest.h"

#include <numeric>

namespace dispatcher {

void ReportDigest::add(const ReportLine& line) {
    const auto outcome = line.reported.outcome;
    ++outcomes_[static_cast<std::size_t>(outcome)];
    count(by_gateway_, line.gateway, outcome);
    count(by_locale_, line.locale.value_or(""), outcome);
    count_reason(line);
    tries_ += line.tries;
    if (line.tries > 1) ++retried_;
    if (outcome == ReportOutcome::delivered && line.settled_at && line.reported.reason.empty())
        accepted_.add(*line.settled_at);
    if (outcome == ReportOutcome::in_doubt && doubtful_.size() < kDoubtfulMax)
        doubtful_.push_back(
            {std::string(line.appid), std::string(line.gateway), line.reported.reason, line.tries});
}

std::uint64_t ReportDigest::total() const {
    return std::accumulate(outcomes_.begin(), outcomes_.end(), std::uint64_t{0});
}

void ReportDigest::count(Groups& groups, std::string_view name, ReportOutcome outcome) {
    auto group = groups.find(name);
    if (group == groups.end())
        group = groups.try_emplace(std::string(groups.size() < kGroupsMax ? name : kOthers)).first;
    ++group->second[static_cast<std::size_t>(outcome)];
}

void ReportDigest::count_reason(const ReportLine& line) {
    const auto& reason = line.reported.reason;
    if (reason.empty()) return;
    // In doubt, the time behind the colon is the device's own.
    const auto detail =
        line.reported.outcome == ReportOutcome::in_doubt ? reason.find(':') : std::string::npos;
    std::pair key(line.reported.outcome, reason.substr(0, detail));
    if (by_reason_.size() >= kGroupsMax && !by_reason_.contains(key)) key.second = kOthers;
    ++by_reason_[std::move(key)];
}

}  // namespace dispatcher
