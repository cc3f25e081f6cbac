#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "cli/campaign_launch.h"
#include "cli/durability_gate.h"
#include "cli/invocation.h"
#include "cli/number_text.h"
#include "cli/plan_text.h"
#include "cli/planning.h"
#include "cli/store_halt.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

struct LaunchOptions {
    std::string file;
    std::vector<std::string> params;
    std::string launch_token;
    bool yes = false;
    bool accepts_weak_durability = false;
};

/// Whether the operator wants it: asked only on a terminal, and only what would be sent anew.
bool is_wanted(SignalWatch& signals, Invocation& invocation, const LaunchOptions& options,
               const PreparedCampaign& prepared, const Plan& plan) {
    const auto terminal = Terminal::of_this_process();
    const auto to_send = plan.store->fresh + plan.store->retryable;
    if (options.yes || !terminal.reads || !terminal.writes || to_send == 0) return true;
    return ask(
        fmt::format("Send to {} over {}?", count_of(to_send, "device"), gateways_text(prepared)),
        invocation.err, signals.stop_fd());
}

int launch(Invocation& invocation, const LaunchOptions& options) {
    if (!options.launch_token.empty())
        throw ConfigError("--launch-token", "not available in this version");
    SignalWatch signals;
    const auto check = [&signals] { signals.check(); };
    Site site(invocation.globals);
    auto file = load_campaign(site, options.file, parse_params(options.params));
    // A store that is halted, down or forgets is told before a long audience is read.
    if (is_halted(site, invocation)) {
        invocation.err << "Nothing was sealed or sent.\n";
        return kExitStopped;
    }
    const auto weakness = require_durability(site, options.accepts_weak_durability);
    auto prepared = prepare_visibly(site, std::move(file), invocation.err, check);
    const auto made = plan_visibly(site, prepared, {true, false}, invocation.err, check);
    invocation.err << plan_text(prepared, made);
    if (!made.problems.empty()) {
        invocation.err << "Nothing was sealed or sent.\n";
        return kExitUsage;
    }
    if (!is_wanted(signals, invocation, options, prepared, made)) {
        invocation.err << "Nothing was sealed or sent.\n";
        return signals.is_stopped() ? kExitUnavailable : kExitRefused;
    }
    signals.check();
    auto sealed = seal_visibly(site, signals, invocation, prepared);
    record_weakness(site, sealed.record.head.id, weakness);
    return run_sealed(site, signals, invocation, std::move(sealed.record));
}

}  // namespace

void add_launch(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<LaunchOptions>();
    auto* verb =
        app.add_subcommand("launch", "Seal a campaign and send it to the end; again: resume it");
    verb->add_option("FILE", options->file, "The campaign file")->required();
    verb->add_flag("--yes,-y", options->yes, "Do not ask on a terminal");
    verb->add_option("--param", options->params, "Fills ${param:KEY} in the file; repeatable")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    add_durability_option(*verb, options->accepts_weak_durability);
    verb->add_option("--launch-token", options->launch_token, "Not available in this version")
        ->type_name("TOKEN");
    verb->footer(
        "The same file again joins or resumes and never notifies a device twice. A file that was\n"
        "changed after sealing is refused with the differences. Ctrl-C drains and exits 5; the\n"
        "same command goes on where it stopped.\n"
        "Examples:\n"
        "  pushonce launch config/spring-sale.yaml\n"
        "  pushonce launch config/spring-sale.yaml --yes --param discount=20\n"
        "  pushonce --json launch config/spring-sale.yaml > result.json");
    verb->callback([&invocation, options] {
        invocation.action = [&invocation, options] { return launch(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
