#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/campaign_launch.h"
#include "cli/campaign_view.h"
#include "cli/durability_gate.h"
#include "cli/invocation.h"
#include "cli/verbs.h"
#include "engine/report.h"

namespace dispatcher::cli {
namespace {

struct RestartOptions {
    std::string campaign;
    std::string include;
    std::string reason;
    bool dry_run = false;
    bool accepts_weak_durability = false;
};

int restart(Invocation& invocation, const RestartOptions& options) {
    if (!options.include.empty() || !options.reason.empty())
        throw ConfigError("--include", "not available in this version");
    SignalWatch signals;
    Site site(invocation.globals);
    auto record = site.find(options.campaign);
    const auto counts = Report(site.campaigns(), record).count();
    invocation.err << fmt::format("{} is {}: {}.\n", options.campaign, to_string(record.head.state),
                                  standing_sentence(counts));
    if (!options.dry_run) {
        record_weakness(site, record.head.id,
                        require_durability(site, options.accepts_weak_durability));
        return run_sealed(site, signals, invocation, std::move(record));
    }

    if (counts.claimed > 0)
        invocation.err << "What is claimed belongs to a running process, or to a dead one whose "
                          "journal a restart reads first.\n";
    invocation.err << "Nothing was changed or sent.\n";
    if (invocation.globals.json) {
        auto view = record_view(record);
        view["counts"] = counts_view(counts);
        view["retryable"] = counts.retryable;
        view["never_tried"] = counts.never_tried;
        view["claimed"] = counts.claimed;
        print_json(invocation.out, view);
    }
    return kExitDone;
}

}  // namespace

void add_restart(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<RestartOptions>();
    auto* verb = app.add_subcommand(
        "restart", "Say how a sealed campaign stands, then send what is still to send");
    verb->add_option("CAMPAIGN", options->campaign, "Its name")->required();
    verb->add_flag("--dry-run", options->dry_run, "Say it only");
    add_durability_option(*verb, options->accepts_weak_durability);
    verb->add_option("--include", options->include, "Not available in this version")
        ->type_name("OUTCOMES");
    verb->add_option("--reason", options->reason, "Not available in this version");
    verb->footer(
        "Needs no files: everything to send is in the store. Safe beside a running launch.\n"
        "Examples:\n"
        "  pushonce restart spring-sale --dry-run\n"
        "  pushonce restart spring-sale");
    verb->callback([&invocation, options] {
        invocation.action = [&invocation, options] { return restart(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
