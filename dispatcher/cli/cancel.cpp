#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/campaign_view.h"
#include "cli/state_change.h"
#include "cli/verbs.h"
#include "engine/report.h"

namespace dispatcher::cli {
namespace {

struct CancelOptions {
    std::string campaign;
    std::string because;
};

int cancel(Invocation& invocation, const CancelOptions& options) {
    using enum CampaignState;
    Site site(invocation.globals);
    const auto changed = change_state(
        site, invocation, options.campaign,
        {"cancel", {sealed, running, paused, reconciling, frozen}, cancelled}, options.because);
    const auto counts = Report(site.campaigns(), changed.record).count();
    invocation.err << fmt::format(
        "{} is cancelled: {}. No claim follows; what was on its way is "
        "settled by the process that sent it.\n",
        options.campaign, counts_sentence(counts));
    if (invocation.globals.json)
        print_json(invocation.out, {{"campaign", options.campaign},
                                    {"state", to_string(cancelled)},
                                    {"counts", counts_view(counts)}});
    return kExitDone;
}

}  // namespace

void add_cancel(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<CancelOptions>();
    auto* verb = app.add_subcommand("cancel", "End a campaign for good; nothing more is sent");
    verb->add_option("CAMPAIGN", options->campaign, "Its name")->required();
    verb->add_option("--because", options->because, "Why, for the audit")
        ->required()
        ->type_name("TEXT");
    verb->footer(
        "Examples:\n"
        "  pushonce cancel spring-sale --because \"the sale is off\"");
    verb->callback([&invocation, options] {
        invocation.action = [&invocation, options] { return cancel(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
