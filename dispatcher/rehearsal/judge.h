#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audience/external_sort.h"
#include "audience/scratch_space.h"
#include "engine/report_counts.h"
#include "engine/reported_outcome.h"

namespace dispatcher {

/// What a campaign is judged by.
struct JudgeTerms {
    std::string campaign;
    bool is_finished = true;  ///< it ran to its end: nobody may be pending
    bool may_resend = false;  ///< `in_doubt: resend`: accepted again, but never beyond the claims
    std::uint64_t excluded = 0;            ///< members that the audience strikes out
    std::uint64_t doubt_by_kills_max = 0;  ///< requests that the kills can have met on the wire
    ReportCounts counts;                   ///< what `status` says
};

/// One invariant and what broke it.
struct JudgedInvariant {
    std::string id;     ///< I1, …
    std::string claim;  ///< "no device was accepted twice"
    std::uint64_t violations = 0;
    std::vector<std::string> examples;  ///< a few of them: device and what is wrong

    [[nodiscard]] bool holds() const { return violations == 0; }
};

struct Verdict {
    std::vector<JudgedInvariant> invariants;
    std::uint64_t members = 0;
    std::uint64_t accepted = 0;        ///< lines of the ledger
    std::uint64_t accepted_again = 0;  ///< of these, allowed by the policy `resend`
    std::uint64_t doubt_by_kills = 0;
    std::uint64_t doubt_by_answers = 0;  ///< in doubt because of what the gateway did

    [[nodiscard]] bool holds() const;
};

/// Holds what the gateways accepted (ledger) against who should have been notified (audience) and
/// what the campaign says became of them (report). Joins them by notification id, which follows
/// from campaign and appid, in an external merge sort: memory does not grow with the audience. It
/// asks neither store nor engine. One thread.
class Judge {
  public:
    /// `space` outlives the judge.
    Judge(ScratchSpace& space, JudgeTerms terms);

    /// A recipient of the audience; `token` is "" where there is none: then any will do.
    void add_member(std::string_view appid, std::string_view token);
    /// A line of the report.
    void add_line(std::string_view appid, std::string_view notification_id,
                  const ReportedOutcome& reported, std::uint16_t claims);
    /// A line of a ledger.
    void add_accepted(std::string_view notification_id, std::string_view token);

    /// Ends the judge.
    Verdict finish();

  private:
    struct Case;
    enum class Kind : char { member, line, accepted };
    void put(std::string_view key, Kind kind, std::initializer_list<std::string_view> fields);
    void judge(const Case& device);
    void judge_line(const Case& device);
    void judge_accepted(const Case& device);
    void judge_totals();
    void violated(std::size_t invariant, const Case& device, std::string_view what);
    void violated(std::size_t invariant, std::string what);

    ExternalSort sort_;
    const JudgeTerms terms_;
    Verdict verdict_;
    ReportCounts lines_;
    std::uint64_t excluded_ = 0;
};

}  // namespace dispatcher
