#include <algorithm>
#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/campaign_view.h"
#include "cli/drain.h"
#include "cli/number_text.h"
#include "cli/operator_identity.h"
#include "cli/site.h"
#include "cli/store_halt.h"
#include "cli/verb.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

/// More campaigns than anybody runs at once.
constexpr std::size_t kLookedAt = 10'000;

std::vector<CampaignRecord> running_campaigns(CampaignStore& store) {
    auto campaigns = store.list(kLookedAt);
    std::erase_if(campaigns, [](const auto& campaign) {
        return campaign.head.state != CampaignState::running;
    });
    return campaigns;
}

int halt(Invocation& invocation, const std::string& because) {
    SignalWatch signals;
    Site site(invocation.globals);
    auto& store = site.campaigns();
    const bool is_ours = store.halt(this_operator(because));
    if (const auto halted = store.halted(); halted && !is_ours)
        invocation.err << "It was halted already. " << halt_sentence(*halted) << "\n";
    // No claim can follow the commit; those that are there end by their owners.
    const auto running = running_campaigns(store);
    const auto drained = drain(store, signals, running);
    if (drained.is_interrupted) {
        invocation.err << "The store is halted; no longer waiting for the last claims.\n";
        return kExitUnavailable;
    }
    invocation.err << fmt::format("The store is halted ({} running): {}.\n",
                                  count_of(running.size(), "campaign"), drained_sentence(drained));
    if (drained.left > 0)
        invocation.err << fmt::format(
            "{} belong to processes that were heard of no more; a restart settles them after "
            "`pushonce unhalt`.\n",
            count_of(drained.left, "claim"));
    if (invocation.globals.json)
        print_json(invocation.out, {{"halted", true},
                                    {"is_ours", is_ours},
                                    {"campaigns_running", running.size()},
                                    {"in_flight", drained.on_the_wire},
                                    {"given_back", drained.given_back()},
                                    {"claims_left", drained.left}});
    return kExitDone;
}

int unhalt(Invocation& invocation, const std::string& because) {
    Site site(invocation.globals);
    auto& store = site.campaigns();
    const bool is_ours = store.unhalt(this_operator(because));
    const auto running = running_campaigns(store);
    invocation.err << (is_ours ? "The halt is lifted.\n" : "The store is not halted.\n");
    if (!running.empty())
        invocation.err << fmt::format(
            "{} running; workers go on by themselves, a launch or restart that ended is begun "
            "again: `pushonce restart {}`.\n",
            running.size() == 1 ? "1 campaign is"
                                : with_separators(running.size()) + " campaigns are",
            running.front().name.text());
    if (invocation.globals.json)
        print_json(
            invocation.out,
            {{"halted", false}, {"is_ours", is_ours}, {"campaigns_running", running.size()}});
    return kExitDone;
}

void add(const Verb& app, Invocation& invocation, const char* name, const char* help,
         const char* footer, int (*verb)(Invocation&, const std::string&)) {
    const auto because = std::make_shared<std::string>();
    const auto added = app.add_subcommand(name, help);
    added.add_option("--because", *because, "Why, for the audit").required().type_name("TEXT");
    added.footer(footer);
    added.callback([&invocation, because, verb] {
        invocation.action = [&invocation, because, verb] { return verb(invocation, *because); };
    });
}

}  // namespace

void add_halt(const Verb& app, Invocation& invocation) {
    add(app, invocation, "halt", "Stop the whole store: no campaign sends until unhalt",
        "One order for everything: no claim of any campaign follows it. Returns when no claim is\n"
        "left, and says how many notifications were on the wire by then. Launches and restarts\n"
        "end with exit code 6, workers wait.\n"
        "Examples:\n"
        "  pushonce halt --because \"wrong prices in every campaign\"",
        halt);
}

void add_unhalt(const Verb& app, Invocation& invocation) {
    add(app, invocation, "unhalt", "Let a halted store send again",
        "Workers go on by themselves; a launch or restart that ended is begun again.\n"
        "Examples:\n"
        "  pushonce unhalt --because \"the prices are right\"",
        unhalt);
}

}  // namespace dispatcher::cli
