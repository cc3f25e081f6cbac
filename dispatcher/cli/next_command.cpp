#include "cli/next_command.h"

#include <fmt/format.h>

#include "cli/number_text.h"

namespace dispatcher::cli {
namespace {

/// "it is", "they are" and the like, by number.
std::string_view by_number(std::uint64_t number, std::string_view one, std::string_view many) {
    return number == 1 ? one : many;
}

std::string next_of_finished(const Situation& situation) {
    const auto& name = situation.campaign;
    const auto counts = situation.counts.value_or(ReportCounts{});
    const auto count = [&](ReportOutcome outcome) { return counts.of(outcome); };
    if (situation.state == CampaignState::cancelled && counts.claimed > 0)
        return fmt::format("`pushonce restart {}` settles what processes that are gone had claimed",
                           name);
    if (situation.state != CampaignState::cancelled && counts.retryable + counts.never_tried > 0)
        return fmt::format("`pushonce restart {}`: it has recipients left to send to again", name);
    if (const auto doubt = count(ReportOutcome::in_doubt); doubt > 0)
        return fmt::format(
            "`pushonce report {0} --format html --output {0}.html` itemises the {1} in doubt; "
            "`pushonce resolve {0} --assume-delivered --all --because \"…\"` (or --skip, --resend) "
            "settles {2}",
            name, count_of(doubt, "device"), by_number(doubt, "it", "them"));
    const bool is_cancelled = situation.state == CampaignState::cancelled;
    if (const auto left = count(ReportOutcome::undelivered); left > 0 && !is_cancelled)
        return fmt::format(
            "`pushonce restart {0} --include undelivered --dry-run` says who of the {1} that {2} "
            "not reached would get a second chance; `pushonce report {0}` itemises them",
            name, count_of(left, "device"), by_number(left, "was", "were"));
    if (is_cancelled)
        return fmt::format(
            "`pushonce report {0}` says who was reached; a corrected file reaches exactly the "
            "others with a name of its own and `once_per: {0}`",
            name);
    return fmt::format("`pushonce report {}` has a line for every device", name);
}

std::string next_of_paused(const Situation& situation) {
    const auto& name = situation.campaign;
    if (situation.paused_by == PauseCause::first_look)
        return fmt::format(
            "`pushonce report {0}` and the app of a device that got it say how the first ones "
            "look; `pushonce resume {0} --because \"…\"`, then `pushonce restart {0}`, sends to "
            "the "
            "rest; `pushonce cancel {0} --because \"…\"` spares them",
            name);
    if (situation.paused_by == PauseCause::fault)
        return fmt::format(
            "`pushonce doctor` tries the gateways; when the cause of the pause is put right, "
            "`pushonce resume {0} --because \"…\"`, then `pushonce restart {0}`",
            name);
    if (situation.paused_by == PauseCause::addresses)
        return fmt::format(
            "when the query or its table is put right, `pushonce resume {0} --because \"…\"`, then "
            "`pushonce restart {0}`; where devices are gone indeed, `pushonce set {0} "
            "max_gone=100%` before",
            name);
    return fmt::format(
        "`pushonce resume {0} --because \"…\"` lifts the pause{1}", name,
        situation.is_worked_on ? "" : fmt::format(", then `pushonce restart {}` sends on", name));
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
            return next_of_paused(situation);
        case done:
        case done_with_doubt:
        case cancelled:
            return next_of_finished(situation);
        case frozen:
            return fmt::format(
                "`pushonce doctor` and `pushonce audit {0}`, then `pushonce resume {0} --because "
                "\"…\"` once the database can be trusted again",
                name);
        case purged:
            return fmt::format(
                "nothing: its records are purged and its name stays taken; "
                "`pushonce show {}` still tells what was sent",
                name);
    }
    return {};
}

std::string next_under_halt() {
    return "`pushonce unhalt --because \"…\"` lets the store send again";
}

}  // namespace dispatcher::cli
