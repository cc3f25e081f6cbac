#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/campaign_view.h"
#include "cli/left_claims.h"
#include "cli/signal_watch.h"
#include "cli/state_change.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

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
    // No claim can follow the commit of the pause.
    const auto claims = wait_for_claims(site, signals, changed.record.head, invocation.err);
    invocation.err << fmt::format("{} is paused; {}.\n", options.campaign,
                                  in_flight_sentence(claims));
    if (claims.left > 0) invocation.err << "No longer waiting for its last claims.\n";
    if (invocation.globals.json)
        print_json(invocation.out, {{"campaign", options.campaign},
                                    {"state", to_string(paused)},
                                    {"in_flight", claims.in_flight},
                                    {"in_doubt_now", claims.in_doubt},
                                    {"claims_left", claims.left}});
    return claims.left > 0 ? kExitUnavailable : kExitDone;
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
