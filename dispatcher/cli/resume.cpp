#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/campaign_view.h"
#include "cli/operator_identity.h"
#include "cli/state_change.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "config/settings_reader.h"

namespace dispatcher::cli {
namespace {

/// How the engine's cause begins when it pauses a campaign after its first recipients.
constexpr std::string_view kFirstCause = "the first ";

struct ResumeOptions {
    std::string campaign;
    std::string because;
    bool accept_target = false;
};

/// Whoever resumes a campaign that paused after its first recipients has looked at them.
void accept_first(Site& site, Invocation& invocation, const ResumeOptions& options) {
    const auto record = site.find(options.campaign);
    if (record.head.state != CampaignState::paused || record.settings.first_count == 0) return;
    // Whoever paused it for another reason before that still wants the look.
    if (!record.cause.starts_with(kFirstCause)) return;
    auto settings = record.settings;
    settings.first_count = 0;
    const auto detail =
        fmt::format("{}", fmt::join(settings_differences(record.settings, settings), "; "));
    if (site.campaigns().set_settings(record.head, settings, detail,
                                      this_operator(options.because)))
        invocation.err << "It does not stop after its first recipients any more.\n";
}

/// Compares the gateways of the server file with what the campaign goes to. With --accept-target
/// what differs becomes the campaign's target, under an audit row; else it is only told, for the
/// process that sends may have another server file. Throws RefusedError where the type differs.
void settle_targets(Site& site, Invocation& invocation, const ResumeOptions& options) {
    const auto record = site.find(options.campaign);
    auto settings = record.settings;
    std::string changes;
    for (const auto& sealed : record.campaign.gateways) {
        const auto expected = settings.expected(sealed);
        if (site.server().gateway(sealed.name) == nullptr && !options.accept_target) continue;
        const auto choice = site.gateway(sealed.name);
        const auto target = choice.type->target(*choice.options);
        if (choice.type->name() == sealed.type && target == expected.target) continue;
        if (!options.accept_target) {
            invocation.err << fmt::format(
                "Gateway '{}' is {} in {}, but the campaign goes to {}: with this server file a "
                "restart is refused, unless `resume --accept-target` accepts it.\n",
                sealed.name, target, site.server().path, expected.target);
            continue;
        }
        if (choice.type->name() != sealed.type) (void)site.sealed_gateway(expected);  // refuses
        if (target == sealed.target)
            settings.accepted_targets.erase(sealed.name);
        else
            settings.accepted_targets[sealed.name] = target;
        changes += fmt::format("{}target of {}: was {}, is {}", changes.empty() ? "" : "; ",
                               sealed.name, expected.target, target);
    }
    if (changes.empty()) return;
    if (!site.campaigns().set_settings(record.head, settings, changes,
                                       this_operator(options.because)))
        throw RefusedError(fmt::format(
            "{} was changed by somebody else just now: look, and say it again", options.campaign));
    invocation.err << fmt::format("Accepted for {}: {}.\n", options.campaign, changes);
}

int resume(Invocation& invocation, const ResumeOptions& options) {
    using enum CampaignState;
    Site site(invocation.globals);
    accept_first(site, invocation, options);
    settle_targets(site, invocation, options);
    const auto changed = change_state(site, invocation, options.campaign,
                                      {"resume", {paused, frozen}, running}, options.because);
    const bool worked_on = is_worked_on(site.campaigns(), changed.record.head.id);
    if (changed.is_ours)
        invocation.err << fmt::format("The pause of {} is lifted.\n", options.campaign);
    invocation.err << (worked_on ? fmt::format("A running process takes up the work: `pushonce "
                                               "status {} --watch`.\n",
                                               options.campaign)
                                 : fmt::format("No process works on it now: `pushonce restart {}` "
                                               "takes up the work, or a running worker.\n",
                                               options.campaign));
    if (invocation.globals.json)
        print_json(invocation.out, {{"campaign", options.campaign},
                                    {"state", to_string(running)},
                                    {"is_worked_on", worked_on}});
    return kExitDone;
}

}  // namespace

void add_resume(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<ResumeOptions>();
    const auto verb = app.add_subcommand("resume", "Lift a pause (restart or a worker then sends)");
    verb.add_option("CAMPAIGN", options->campaign, "Its name").required();
    verb.add_option("--because", options->because, "Why, for the audit")
        .required()
        .type_name("TEXT");
    verb.add_flag("--accept-target", options->accept_target,
                  "Go on although a gateway's target in the server file is not the sealed one");
    verb.footer(
        "Examples:\n"
        "  pushonce resume spring-sale --because \"the title is fine after all\"\n"
        "  pushonce resume spring-sale --accept-target --because \"these are sandbox tokens\"");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return resume(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
