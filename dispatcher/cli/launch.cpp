#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/campaign_launch.h"
#include "cli/campaign_view.h"
#include "cli/durability_gate.h"
#include "cli/invocation.h"
#include "cli/look_alikes_text.h"
#include "cli/next_command.h"
#include "cli/number_text.h"
#include "cli/operator_identity.h"
#include "cli/plan_text.h"
#include "cli/planning.h"
#include "cli/store_halt.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "engine/report.h"

namespace dispatcher::cli {
namespace {

struct LaunchOptions {
    std::string file;
    std::vector<std::string> params;
    std::string launch_token;
    bool yes = false;
    bool accepts_weak_durability = false;
    bool despite_similar = false;
};

/// Whether the operator wants it: asked only on a terminal, and only what would be sent anew.
bool is_wanted(SignalWatch& signals, Invocation& invocation, const LaunchOptions& options,
               std::uint64_t to_send, const std::string& gateways) {
    const auto terminal = Terminal::of_this_process();
    if (options.yes || !terminal.reads || !terminal.writes || to_send == 0) return true;
    return ask(fmt::format("Send to {} over {}?", count_of(to_send, "device"), gateways),
               invocation.err, signals.stop_fd());
}

/// With --json: as every command that fails, and what was planned with it.
void print_refusal(Invocation& invocation, const std::string& why, int code,
                   const nlohmann::ordered_json& view) {
    if (!invocation.globals.json) return;
    nlohmann::ordered_json document = {{"error", why + "Nothing was sealed or sent."},
                                       {"exit_code", code}};
    document.update(view);
    print_json(invocation.out, document);
}

/// Says why nothing was sealed or sent, and answers `code`.
int refuse(Invocation& invocation, const std::string& why, int code,
           const nlohmann::ordered_json& view = nlohmann::ordered_json::object()) {
    invocation.err << why << "Nothing was sealed or sent.\n";
    print_refusal(invocation, why, code, view);
    return code;
}

int code_of_unwanted(const SignalWatch& signals) {
    return signals.is_stopped() ? kExitUnavailable : kExitRefused;
}

std::string problems_text(const Plan& made) {
    std::string text;
    for (const auto& problem : made.problems)
        text += problem + "\n";
    return text;
}

/// Whether the plan found that this repeats another campaign, and nobody said that it shall.
bool is_look_alike(const LaunchOptions& options, const Plan& made) {
    return !options.despite_similar && made.look_alikes && made.look_alikes->is_found();
}

std::string look_alike_refusal(const LaunchOptions& options, const Plan& made) {
    return fmt::format(
        "Refused: {}\nIf it shall go to all of them all the same: `pushonce launch {} "
        "--despite-similar`, which is recorded.\n",
        look_alikes_sentence(made.look_alikes), options.file);
}

void record_look_alike(Site& site, const SealedCampaign& sealed, const Plan& made) {
    if (sealed.is_new && made.look_alikes && made.look_alikes->is_found())
        site.campaigns().add_audit(sealed.record.head.id, "despite-similar",
                                   look_alikes_detail(*made.look_alikes), this_operator(""));
}

/// Takes up a campaign whose sealed audience stands, whatever a query would find today.
int launch_sealed(Site& site, SignalWatch& signals, Invocation& invocation,
                  const LaunchOptions& options, const CampaignFile& file, CampaignRecord record,
                  const std::string& weakness) {
    auto joined = join_unread(site, invocation, std::move(record), file);
    const auto counts = Report(site.campaigns(), joined.record).count();
    std::vector<std::string> gateways;
    for (const auto& gateway : joined.record.campaign.gateways)
        gateways.push_back(gateway.name);
    if (!is_wanted(signals, invocation, options, counts.never_tried + counts.retryable,
                   fmt::format("{}", fmt::join(gateways, ", "))))
        return refuse(invocation, {}, code_of_unwanted(signals));
    record_weakness(site, joined.record.head.id, weakness);
    return run_sealed(site, signals, invocation, std::move(joined.record));
}

int launch(Invocation& invocation, const LaunchOptions& options) {
    if (!options.launch_token.empty())
        throw ConfigError("--launch-token", "not available in this version");
    SignalWatch signals;
    const auto check = [&signals] { signals.check(); };
    Site site(invocation.globals);
    auto file = load_campaign(site, options.file, parse_params(options.params));
    // A store that is halted, down or forgets is told before a long audience is read.
    if (const auto halt = site.campaigns().halted())
        return refuse(invocation,
                      fmt::format("{}\nNext: {}\n", halt_sentence(*halt), next_under_halt()),
                      kExitStopped);
    const auto weakness = require_durability(site, options.accepts_weak_durability);
    auto record = site.campaigns().find(file.name.text());
    if (record && is_live(origin_of(file.audience)))
        return launch_sealed(site, signals, invocation, options, file, std::move(*record),
                             weakness);
    auto prepared = prepare_visibly(site, std::move(file), invocation.err, check);
    const auto made = plan_visibly(site, prepared, {true, false}, invocation.err, check);
    invocation.err << plan_text(prepared, made);
    const auto view = [&] {
        return invocation.globals.json ? plan_view(prepared, made)
                                       : nlohmann::ordered_json::object();
    };
    if (!made.problems.empty()) {
        invocation.err << "Nothing was sealed or sent.\n";
        print_refusal(invocation, problems_text(made), kExitUsage, view());
        return kExitUsage;
    }
    if (is_look_alike(options, made))
        return refuse(invocation, look_alike_refusal(options, made), kExitRefused, view());
    if (!is_wanted(signals, invocation, options, made.store->fresh + made.store->retryable,
                   gateways_text(prepared)))
        return refuse(invocation, {}, code_of_unwanted(signals), view());
    signals.check();
    // Credentials that cannot be read are told before anything is sealed.
    for (const auto& gateway : prepared.gateways)
        (void)gateway.type->open(*gateway.options, site.clock(), site.random());
    auto sealed = seal_visibly(site, signals, invocation, prepared);
    record_weakness(site, sealed.record.head.id, weakness);
    record_look_alike(site, sealed, made);
    return run_sealed(site, signals, invocation, std::move(sealed.record));
}

}  // namespace

void add_launch(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<LaunchOptions>();
    const auto verb =
        app.add_subcommand("launch", "Seal a campaign and send it to the end; again: resume it");
    verb.add_option("FILE", options->file, "The campaign file").required();
    verb.add_flag("--yes,-y", options->yes, "Do not ask on a terminal");
    verb.add_option("--param", options->params, "Fills ${param:KEY} in the file; repeatable")
        .type_name("KEY=VALUE")
        .allow_extra_args(false);
    verb.add_flag("--despite-similar", options->despite_similar,
                  "Send although many of these devices got the same text, or nearly, from another "
                  "campaign of the last 30 days; recorded");
    add_durability_option(verb, options->accepts_weak_durability);
    verb.add_option("--launch-token", options->launch_token, "Not available in this version")
        .type_name("TOKEN");
    verb.footer(
        "The same file again joins or resumes and never notifies a device twice. A file that was\n"
        "changed after sealing is refused with the differences. Ctrl-C drains and exits 5; the\n"
        "same command goes on where it stopped. A copy of a file under a new name, for devices\n"
        "that got its text already, is refused (exit 4): a corrected file names the campaign that\n"
        "it corrects in `once_per`, and goes to those only who were not reached yet.\n"
        "Examples:\n"
        "  pushonce launch config/spring-sale.yaml\n"
        "  pushonce launch config/spring-sale.yaml --yes --param discount=20\n"
        "  pushonce launch config/reminder.yaml --despite-similar\n"
        "  pushonce --json launch config/spring-sale.yaml > result.json");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return launch(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
