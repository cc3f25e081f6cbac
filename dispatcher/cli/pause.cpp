#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/campaign_view.h"
#include "cli/number_text.h"
#include "cli/signal_watch.h"
#include "cli/state_change.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

constexpr std::chrono::milliseconds kLook{100};

struct PauseOptions {
    std::string campaign;
    std::string because;
    bool all = false;
};

int pause(Invocation& invocation, const PauseOptions& options) {
    if (options.all) throw ConfigError("--all", "not available in this version");
    if (options.campaign.empty()) throw ConfigError("pause", "name the campaign");
    using enum CampaignState;
    SignalWatch signals;
    Site site(invocation.globals);
    const auto changed = change_state(site, invocation, options.campaign,
                                      {"pause", {running, reconciling}, paused}, options.because);
    // No claim can follow the commit of the pause; those that are there end by their owners.
    auto& store = site.campaigns();
    const auto& head = changed.record.head;
    const auto in_flight = store.count_claimed(head.id, head.scope);
    auto left = in_flight;
    while (left > 0 && is_worked_on(store, head.id)) {
        if (signals.wait_for(kLook)) {
            invocation.err << "It is paused; no longer waiting for its last claims.\n";
            return kExitUnavailable;
        }
        left = store.count_claimed(head.id, head.scope);
    }
    invocation.err << fmt::format(
        "{} is paused; {} in flight when it took effect.\n", options.campaign,
        in_flight == 1 ? "1 notification was" : with_separators(in_flight) + " notifications were");
    if (left > 0)
        invocation.err << fmt::format(
            "{} belong to a process that was heard of no more; `pushonce restart {}` settles them "
            "after a resume.\n",
            count_of(left, "claim"), options.campaign);
    if (invocation.globals.json)
        print_json(invocation.out, {{"campaign", options.campaign},
                                    {"state", to_string(paused)},
                                    {"in_flight", in_flight},
                                    {"claims_left", left}});
    return kExitDone;
}

}  // namespace

void add_pause(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<PauseOptions>();
    auto* verb = app.add_subcommand("pause", "Stop sending; returns when no claim is left");
    verb->add_option("CAMPAIGN", options->campaign, "Its name");
    verb->add_option("--because", options->because, "Why, for the audit")
        ->required()
        ->type_name("TEXT");
    verb->add_flag("--all", options->all, "Not available in this version");
    verb->footer(
        "Examples:\n"
        "  pushonce pause spring-sale --because \"typo in the German title\"");
    verb->callback([&invocation, options] {
        invocation.action = [&invocation, options] { return pause(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
