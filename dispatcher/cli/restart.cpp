#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/time_text.h"
#include "campaign/nearest_name.h"
#include "cli/campaign_launch.h"
#include "cli/campaign_view.h"
#include "cli/durability_gate.h"
#include "cli/invocation.h"
#include "cli/number_text.h"
#include "cli/operator_identity.h"
#include "cli/state_words.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "engine/report.h"
#include "engine/second_chances.h"

namespace dispatcher::cli {
namespace {

struct RestartOptions {
    std::string campaign;
    std::vector<std::string> include;
    std::vector<std::string> reasons;
    std::string because;
    bool dry_run = false;
    bool accepts_weak_durability = false;
};

bool is_rejection(Reason reason) {
    return reason != Reason::tries_used_up && reason != Reason::expired && reason != Reason::gone;
}

Reason included_reason(const std::string& name) {
    const auto reason = parse_reason(name);
    if (reason && may_be_included(*reason)) return *reason;
    std::vector<std::string> names;
    for (unsigned number = 0; number < 1000; ++number)
        if (const auto known = static_cast<Reason>(number);
            may_be_included(known) && to_string(known) != "unknown")
            names.emplace_back(to_string(known));
    if (reason)
        throw ConfigError("--reason",
                          fmt::format("'{}' is no reason of undelivered or rejected devices: {}",
                                      name, explain(*reason)));
    throw ConfigError("--reason", fmt::format("there is no reason '{}'{}; `pushonce status` names "
                                              "those of a campaign",
                                              name, hint_for(name, names)));
}

Included included_of(const RestartOptions& options) {
    Included included;
    for (const auto& outcome : options.include)
        (outcome == "rejected" ? included.rejected : included.undelivered) = true;
    if (options.include.empty() && !options.reasons.empty())
        throw ConfigError("--reason", "goes with --include undelivered or --include rejected");
    for (const auto& name : options.reasons) {
        const auto reason = included_reason(name);
        if (is_rejection(reason) ? !included.rejected : !included.undelivered)
            throw ConfigError("--reason",
                              fmt::format("{} is a reason of {} devices: add --include {}", name,
                                          is_rejection(reason) ? "rejected" : "undelivered",
                                          is_rejection(reason) ? "rejected" : "undelivered"));
        included.reasons.insert(reason);
    }
    return included;
}

std::string kinds_sentence(const ChanceCounts& counts) {
    std::string text;
    for (const auto& [kind, rows] : counts.possible)
        text += fmt::format("{}{} {} ({})", text.empty() ? "" : ", ", with_separators(rows),
                            to_string(kind.first), to_string(kind.second));
    return text;
}

std::string barred(std::uint64_t devices, const char* one, const char* many, const char* why) {
    if (devices == 0) return {};
    return fmt::format("{} {}: {} no second chance.\n",
                       devices == 1 ? one : with_separators(devices) + " " + many, why,
                       devices == 1 ? "it gets" : "they get");
}

/// Who gets no second chance, and why; "" if everybody can.
std::string barred_sentence(const ChanceCounts& counts) {
    return barred(counts.once_in_doubt, "1 device was", "devices were",
                  "in doubt once and may have been sent") +
           barred(counts.without_data, "The data of 1 device", "devices' data",
                  "went after retention.audience");
}

bool is_expired(const CampaignRecord& record) {
    return record.head.deadline && *record.head.deadline <= record.head.now;
}

/// Gives second chances to what is included, under an audited order.
std::uint64_t give_second_chances(Site& site, Invocation& invocation, const RestartOptions& options,
                                  const Included& included, const CampaignRecord& record) {
    if (is_expired(record))
        throw RefusedError(fmt::format(
            "the deadline of {0} passed at {1}: nothing more is sent, and nobody got a second "
            "chance. `pushonce set {0} deadline=… --because \"…\"` first, then the same restart",
            options.campaign, to_iso_text(*record.head.deadline)));
    FlagStore flags(site.store(), site.server().store.lease);
    SecondChancesWalk walk(flags, record.head, included);
    const auto found = walk.count();
    invocation.err << barred_sentence(found);
    if (found.total() == 0) {
        invocation.err << "Nobody is left who could get a second chance.\n";
        return 0;
    }
    // The order stands in the audit before it takes effect: a second send is always explained.
    site.campaigns().add_audit(record.head.id, "restart",
                               "second chance for " + kinds_sentence(found),
                               this_operator(options.because));
    const auto given = walk.give();
    invocation.err << fmt::format("A second chance for {}: {}.\n", count_of(given, "device"),
                                  kinds_sentence(found));
    return given;
}

/// Why a restart would send nothing at all; "" if it would.
std::string obstacle(const CampaignRecord& record) {
    using enum CampaignState;
    const auto state = record.head.state;
    if (state == paused || state == frozen)
        return fmt::format("it is {}: `pushonce resume {} --because \"…\"` first", words_of(state),
                           record.name.text());
    if (state == cancelled || state == purged)
        return fmt::format("it is {}: nothing more is sent", words_of(state));
    if (is_expired(record))
        return fmt::format(
            "its deadline passed at {}: `pushonce set {} deadline=… --because \"…\"` first",
            to_iso_text(*record.head.deadline), record.name.text());
    return {};
}

nlohmann::ordered_json kinds_view(const ChanceCounts& counts) {
    auto view = nlohmann::ordered_json::array();
    for (const auto& [kind, rows] : counts.possible)
        view.push_back({{"outcome", to_string(kind.first)},
                        {"reason", to_string(kind.second)},
                        {"count", rows}});
    return view;
}

/// Skipped, for `audience.refresh` did not find them.
std::uint64_t gone_of(const ReportCounts& counts) {
    const auto found =
        counts.by_reason.find({ReportOutcome::skipped, std::string(to_string(Reason::gone))});
    return found == counts.by_reason.end() ? 0 : found->second;
}

/// What a restart would do, with what is included and with what could be.
int foretell(Site& site, Invocation& invocation, const RestartOptions& options,
             const Included& included, const CampaignRecord& record, const ReportCounts& counts) {
    FlagStore flags(site.store(), site.server().store.lease);
    const Included everybody{true, true, {}};
    const auto possible = SecondChancesWalk(flags, record.head, everybody).count();
    const auto wanted = SecondChancesWalk(flags, record.head, included).count();
    const auto why_not = obstacle(record);
    const auto retryable = why_not.empty() ? counts.retryable : 0;
    const auto never_tried = why_not.empty() ? counts.never_tried : 0;
    const auto again = why_not.empty() ? wanted.total() : 0;

    auto& err = invocation.err;
    err << fmt::format("A restart would send to {}: {} to be tried again, {} never tried",
                       count_of(retryable + never_tried + again, "device"),
                       with_separators(retryable), with_separators(never_tried));
    if (again > 0) err << ", and a second chance for " << kinds_sentence(wanted);
    err << (why_not.empty() ? ".\n" : "; " + why_not + ".\n");
    if (options.include.empty() && possible.total() > 0)
        err << fmt::format("With --include it would add: {}.\n", kinds_sentence(possible));
    if (const auto gone = gone_of(counts); gone > 0 && included.reasons.empty())
        err << fmt::format(
            "Those whom audience.refresh did not find, {}, get a second chance with `--include "
            "undelivered --reason gone` only.\n",
            count_of(gone, "device"));
    err << barred_sentence(options.include.empty() ? possible : wanted);
    if (counts.claimed > 0)
        err << fmt::format(
            "Besides, {} claimed by a running process, or by a dead one: a restart reads its "
            "journal first and sends to those that it proves not sent.\n",
            counts.claimed == 1 ? "1 device is" : with_separators(counts.claimed) + " devices are");
    err << "Nothing was changed or sent.\n";
    if (!invocation.globals.json) return kExitDone;
    auto view = record_view(record);
    view["counts"] = counts_view(counts);
    view["retryable"] = counts.retryable;
    view["never_tried"] = counts.never_tried;
    view["claimed"] = counts.claimed;
    view["would_send"] = {{"total", retryable + never_tried + again},
                          {"retryable", retryable},
                          {"never_tried", never_tried},
                          {"second_chances", again}};
    view["obstacle"] =
        why_not.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(why_not);
    view["included"] = kinds_view(wanted);
    view["could_be_included"] = kinds_view(possible);
    view["once_in_doubt"] = possible.once_in_doubt;
    view["without_data"] = possible.without_data;
    print_json(invocation.out, view);
    return kExitDone;
}

int restart(Invocation& invocation, const RestartOptions& options) {
    const auto included = included_of(options);
    SignalWatch signals;
    Site site(invocation.globals);
    auto record = site.find(options.campaign);
    const auto counts = Report(site.campaigns(), record).count();
    invocation.err << fmt::format("{} is {}: {}.\n", options.campaign, words_of(record.head.state),
                                  standing_sentence(counts));
    if (options.dry_run) return foretell(site, invocation, options, included, record, counts);
    record_weakness(site, record.head.id,
                    require_durability(site, options.accepts_weak_durability));
    if (options.include.empty()) return run_sealed(site, signals, invocation, std::move(record));
    return run_sealed(site, signals, invocation, std::move(record), [&](const CampaignRecord& now) {
        return give_second_chances(site, invocation, options, included, now);
    });
}

}  // namespace

void add_restart(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<RestartOptions>();
    const auto verb = app.add_subcommand(
        "restart", "Say how a sealed campaign stands, then send what is still to send");
    verb.add_option("CAMPAIGN", options->campaign, "Its name").required();
    add_durability_option(verb, options->accepts_weak_durability);
    verb.add_flag("--dry-run", options->dry_run, "Say it only, and what would be sent");
    verb.add_option("--include", options->include,
                    "A second chance for these, too: undelivered, rejected")
        .type_name("OUTCOMES")
        .delimiter(',')
        .allow_extra_args(false)
        .one_of({"undelivered", "rejected"});
    verb.add_option("--reason", options->reasons, "Of those only the ones with these reasons")
        .type_name("REASONS")
        .delimiter(',')
        .allow_extra_args(false);
    verb.add_option("--because", options->because, "Why, for the audit").type_name("TEXT");
    verb.footer(
        "Needs no files: everything to send is in the store. Safe beside a running launch, and\n"
        "after the campaign is finished. --include is for devices of which it is proved that they\n"
        "got nothing: undelivered (tries or time used up) and rejected (the gateway refused the\n"
        "device); with --reason gone, also those that audience.refresh did not find. Their tries\n"
        "count from anew. A device that was in doubt at any time never gets a\n"
        "second chance: `resolve` decides about those that still are.\n"
        "Examples:\n"
        "  pushonce restart spring-sale --dry-run\n"
        "  pushonce restart spring-sale\n"
        "  pushonce restart spring-sale --include undelivered --because \"the outage is over\"\n"
        "  pushonce restart spring-sale --include rejected --reason bad_device_token --dry-run");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return restart(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
