#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/campaign_view.h"
#include "cli/gateway_probe.h"
#include "cli/invocation.h"
#include "cli/plan_text.h"
#include "cli/planning.h"
#include "cli/state_words.h"
#include "cli/verb.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

struct PlanOptions {
    std::string file;
    std::vector<std::string> params;
    bool offline = false;
    bool with_gateways = false;
};

/// What came of trying the gateways: a sentence for each that showed no trouble, and how many could
/// not be reached.
struct GatewayTrials {
    std::vector<std::string> tried;
    std::size_t away = 0;
};

GatewayTrials check_gateways(Site& site, const PreparedCampaign& prepared, Plan& made) {
    GatewayTrials trials;
    for (const auto& gateway : prepared.gateways) {
        const auto trial = try_out(site, gateway);
        const auto& name = gateway.options->name;
        if (trial.is_away) ++trials.away;
        if (trial.trouble.empty())
            trials.tried.push_back(fmt::format("{}: {}", name, trial.tried));
        else
            made.problems.push_back(fmt::format("gateway {}: {}", name, trial.trouble));
    }
    return trials;
}

/// What can be said without asking a database for the audience.
int plan_unread(Invocation& invocation, const CampaignFile& file) {
    const auto origin = origin_of(file.audience);
    if (invocation.globals.json) {
        print_json(invocation.out, {{"campaign", file.name.text()},
                                    {"once_per", file.once_per},
                                    {"audience", {{"origin", to_json_value(origin)}}}});
        return kExitDone;
    }
    invocation.out << "campaign    " << file.name.text() << "\naudience    from "
                   << name_of(origin.members) << "\n";
    for (const auto& part : origin.exclude)
        invocation.out << "            without " << name_of(part) << "\n";
    invocation.err
        << "The files are in order. The audience is not read with --offline: members, "
           "template variables and payloads are checked by `pushonce plan` without it.\n";
    return kExitDone;
}

/// What an operator does next, "Nothing was sealed or sent" said before.
std::string next_of_plan(const PreparedCampaign& prepared, const Plan& made,
                         const std::string& file) {
    using enum CampaignState;
    const auto& name = prepared.campaign.name.text();
    if (!made.problems.empty())
        return fmt::format("Put right what is called PROBLEM, then `pushonce plan {}`", file);
    const auto state = made.store ? made.store->state : std::nullopt;
    if (state && *state != draft && *state != sealed && *state != running && *state != reconciling)
        return fmt::format("`pushonce status {}`: it is {}, a launch would send nothing", name,
                           words_of(*state));
    if (made.look_alikes && made.look_alikes->is_found())
        return fmt::format(
            "`once_per` in the file, or `pushonce launch {} --despite-similar`: without them a "
            "launch is refused, see above",
            file);
    return fmt::format("`pushonce launch {}`", file);
}

int plan(Invocation& invocation, const PlanOptions& options) {
    Site site(invocation.globals, Site::Use::read);
    auto file = load_campaign(site, options.file, parse_params(options.params));
    if (options.offline && is_live(origin_of(file.audience))) return plan_unread(invocation, file);
    const auto prepared = prepare_visibly(site, std::move(file), invocation.err, [] {});
    auto made = plan_visibly(site, prepared, {!options.offline, true, !options.offline},
                             invocation.err, [] {});
    GatewayTrials trials;
    if (options.with_gateways) trials = check_gateways(site, prepared, made);
    if (invocation.globals.json) {
        auto view = plan_view(prepared, made);
        if (options.with_gateways) view["tried"] = trials.tried;
        print_json(invocation.out, view);
    } else {
        for (const auto& sentence : trials.tried)
            invocation.err << "tried       " << sentence << "\n";
        invocation.out << plan_text(prepared, made);
    }
    if (!invocation.globals.json)
        invocation.err << "Nothing was sealed or sent. Next: "
                       << next_of_plan(prepared, made, options.file) << "\n";
    // Only that gateways are away: they may be back.
    if (trials.away > 0 && made.problems.size() == trials.away) return kExitUnavailable;
    return made.problems.empty() ? kExitDone : kExitUsage;
}

}  // namespace

void add_plan(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<PlanOptions>();
    const auto verb = app.add_subcommand("plan", "Say what a launch would do, without doing it");
    verb.add_option("FILE", options->file, "The campaign file").required();
    verb.add_option("--param", options->params, "Fills ${param:KEY} in the file; repeatable")
        .type_name("KEY=VALUE")
        .allow_extra_args(false);
    verb.add_flag("--offline", options->offline, "Check the files only, without the store");
    verb.add_flag("--with-gateways", options->with_gateways,
                  "Also read the gateways' keys, connect, and ask APNs and FCM for a device that "
                  "does not exist: who may not send is told, and nothing is delivered");
    verb.footer(
        "Nothing is sealed, sent or made, not even a store that is missing. Warns where many of "
        "these\n"
        "devices got the same text under another name: `launch` would refuse that.\n"
        "Examples:\n"
        "  pushonce plan config/spring-sale.yaml\n"
        "  pushonce plan config/spring-sale.yaml --offline\n"
        "  pushonce --json plan config/spring-sale.yaml --param discount=20");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return plan(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
