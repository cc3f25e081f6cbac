#include "cli/next_command.h"

#include <fmt/format.h>

namespace dispatcher::cli {
namespace {

std::string next_of_finished(const std::string& name, const std::optional<ReportCounts>& counts) {
    if (counts && counts->of(ReportOutcome::in_doubt) > 0)
        return fmt::format(
            "`pushonce report {0}` itemises the devices in doubt; `pushonce resolve {0} "
            "--assume-delivered --all` (or --skip, --resend) settles them",
            name);
    return fmt::format("`pushonce report {}` has a line for every device", name);
}

std::string next_of_done(const std::string& name, const std::optional<ReportCounts>& counts) {
    if (counts && counts->retryable + counts->never_tried > 0)
        return fmt::format("`pushonce restart {}`: it has recipients left to send to again", name);
    if (counts && counts->of(ReportOutcome::undelivered) > 0 &&
        counts->of(ReportOutcome::in_doubt) == 0)
        return fmt::format(
            "`pushonce restart {0} --include undelivered --dry-run` says who would get a second "
            "chance; `pushonce report {0}` has a line for every device",
            name);
    return next_of_finished(name, counts);
}

std::string next_of_cancelled(const std::string& name, const std::optional<ReportCounts>& counts) {
    if (counts && counts->claimed > 0)
        return fmt::format("`pushonce restart {}` settles what processes that are gone had claimed",
                           name);
    return next_of_finished(name, counts);
}

}  // namespace

std::string next_command(const Situation& situation) {
    using enum CampaignState;
    const auto& name = situation.campaign;
    if (situation.is_halted && (situation.state == sealed || situation.state == running))
        return next_under_halt();
    switch (situation.state) {
        case draft:
            return "`pushonce launch FILE` seals it again";
        case sealed:
            return fmt::format("`pushonce restart {}` starts sending", name);
        case running:
        case reconciling:
            return situation.is_worked_on
                       ? fmt::format("`pushonce status {} --watch` follows it", name)
                       : fmt::format("`pushonce restart {}`: no process works on it now", name);
        case paused:
            return fmt::format("`pushonce resume {} --because \"…\"` lifts the pause", name);
        case done:
        case done_with_doubt:
            return next_of_done(name, situation.counts);
        case cancelled:
            return next_of_cancelled(name, situation.counts);
        case frozen:
            return fmt::format(
                "`pushonce doctor` and `pushonce audit {0}`, then `pushonce resume {0} --because "
                "\"…\"` once the database can be trusted again",
                name);
        case purged:
            return "nothing: its records are purged, and its name stays taken";
    }
    return {};
}

std::string next_under_halt() {
    return "`pushonce unhalt --because \"…\"` lets the store send again";
}

}  // namespace dispatcher::cli
