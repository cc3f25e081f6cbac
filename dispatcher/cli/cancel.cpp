#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/campaign_view.h"
#include "cli/left_claims.h"
#include "cli/operator_identity.h"
#include "cli/state_change.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "engine/reconciler.h"
#include "engine/report.h"

namespace dispatcher::cli {
namespace {

struct CancelOptions {
    std::string campaign;
    std::string because;
};

/// What the campaign gave back before, finished campaigns of its scope had left to it: now it is
/// theirs. Answers the names of those that have something to send again.
std::vector<std::string> reopen_sisters(Site& site, const CampaignRecord& record) {
    auto& store = site.campaigns();
    std::uint64_t released = 0;
    for (const auto& group : store.count_flags(record.head.id, record.head.scope))
        if (group.state == FlagState::released) released += group.rows;
    std::vector<std::string> reopened;
    if (released == 0) return reopened;
    FlagStore flags(site.store(), site.server().store.lease);
    const auto actor = this_operator(record.name.text() + " of the same scope was cancelled");
    for (const auto& head : flags.reopen_sisters(record.head)) {
        const auto sister = store.find(store.campaign_name(head.id));
        if (!sister) continue;
        const auto after = Reconciler(flags, sister->campaign.in_doubt, {}).run(head.id);
        if (is_finished(after.state)) continue;
        store.add_audit(head.id, "reopen", "", actor);
        reopened.push_back(sister->name.text());
    }
    return reopened;
}

int cancel(Invocation& invocation, const CancelOptions& options) {
    using enum CampaignState;
    SignalWatch signals;
    Site site(invocation.globals);
    const auto changed = change_state(
        site, invocation, options.campaign,
        {"cancel", {sealed, running, paused, reconciling, frozen}, cancelled}, options.because);
    // No claim can follow the commit of the cancellation.
    const auto claims = wait_for_claims(site, signals, changed.record.head, invocation.err);
    const auto reopened = reopen_sisters(site, changed.record);
    const auto counts = Report(site.campaigns(), changed.record).count();
    invocation.err << fmt::format("{} is cancelled; {}: {}. No claim follows.\n", options.campaign,
                                  in_flight_sentence(claims), counts_sentence(counts));
    if (claims.left > 0)
        invocation.err << "No longer waiting for its last claims: what was on its way is settled "
                          "by the process that sent it.\n";
    for (const auto& name : reopened)
        invocation.err << fmt::format(
            "{0} of the same scope was finished and may send to those that {1} gave back: "
            "`pushonce restart {0}`, or a running worker.\n",
            name, options.campaign);
    if (invocation.globals.json)
        print_json(invocation.out, {{"campaign", options.campaign},
                                    {"state", to_string(cancelled)},
                                    {"in_flight", claims.in_flight},
                                    {"in_doubt_now", claims.in_doubt},
                                    {"claims_left", claims.left},
                                    {"reopened", reopened},
                                    {"counts", counts_view(counts)}});
    return claims.left > 0 ? kExitUnavailable : kExitDone;
}

}  // namespace

void add_cancel(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<CancelOptions>();
    const auto verb = app.add_subcommand("cancel", "End a campaign for good; nothing more is sent");
    verb.add_option("CAMPAIGN", options->campaign, "Its name").required();
    verb.add_option("--because", options->because, "Why, for the audit")
        .required()
        .type_name("TEXT");
    verb.footer(
        "Returns when no claim is left: what is on its way is waited for, the rest is given back.\n"
        "To reach the others with a corrected file, give it a new name and `once_per: CAMPAIGN`.\n"
        "Examples:\n"
        "  pushonce cancel spring-sale --because \"the sale is off\"");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return cancel(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
