#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/report.h"
#include "engine/report_timeline.h"

namespace dispatcher {

/// What a page about a campaign needs of its report lines, gathered while they stream by. Groups
/// and itemised devices have bounds; what lies beyond them is counted. One thread.
class ReportDigest {
  public:
    /// Gateways, locales and reasons that get a row of their own; the rest is kOthers.
    static constexpr std::size_t kGroupsMax = 100;
    static constexpr std::size_t kDoubtfulMax = 100;
    static constexpr std::string_view kOthers = "(others)";

    using Outcomes = std::array<std::uint64_t, kReportOutcomes>;
    using Groups = std::map<std::string, Outcomes, std::less<>>;

    /// A device in doubt, itemised.
    struct Doubtful {
        std::string appid;
        std::string gateway;
        std::string reason;  ///< CLASS:TIME
        std::uint16_t tries = 0;
    };

    void add(const ReportLine& line);

    [[nodiscard]] std::uint64_t of(ReportOutcome outcome) const {
        return outcomes_[static_cast<std::size_t>(outcome)];
    }
    [[nodiscard]] std::uint64_t total() const;
    [[nodiscard]] const Outcomes& outcomes() const { return outcomes_; }
    [[nodiscard]] const Groups& by_gateway() const { return by_gateway_; }
    /// "" stands for recipients without a locale.
    [[nodiscard]] const Groups& by_locale() const { return by_locale_; }
    [[nodiscard]] const std::map<std::pair<ReportOutcome, std::string>, std::uint64_t>& by_reason()
        const {
        return by_reason_;
    }
    /// The first kDoubtfulMax devices in doubt, in the report's order.
    [[nodiscard]] const std::vector<Doubtful>& doubtful() const { return doubtful_; }
    /// When the gateways accepted what was delivered; what somebody assumed is not in it.
    [[nodiscard]] const ReportTimeline& accepted() const { return accepted_; }
    /// Requests that were answered or refused, of all devices.
    [[nodiscard]] std::uint64_t tries() const { return tries_; }
    /// Devices that needed more than one try.
    [[nodiscard]] std::uint64_t retried() const { return retried_; }

  private:
    static void count(Groups& groups, std::string_view name, ReportOutcome outcome);
    void count_reason(const ReportLine& line);

    Outcomes outcomes_{};
    Groups by_gateway_;
    Groups by_locale_;
    std::map<std::pair<ReportOutcome, std::string>, std::uint64_t> by_reason_;
    std::vector<Doubtful> doubtful_;
    ReportTimeline accepted_;
    std::uint64_t tries_ = 0;
    std::uint64_t retried_ = 0;
};

}  // namespace dispatcher
