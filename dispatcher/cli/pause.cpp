#include <algorithm>
#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/campaign_view.h"
#include "cli/drain.h"
#include "cli/left_claims.h"
#include "cli/number_text.h"
#include "cli/operator_identity.h"
#include "cli/signal_watch.h"
#include "cli/state_change.h"
#include "cli/verb.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

/// More campaigns than anybody runs at once.
constexpr std::size_t kLookedAt = 10'000;

const StateChange kPause{
    "pause", {CampaignState::running, CampaignState::reconciling}, CampaignState::paused};

struct PauseOptions {
    std::string campaign;
    std::string because;
    bool all = false;
};

/// Pauses what runs; a campaign that another operator moved meanwhile is left to them.
std::vector<CampaignRecord> pause_all(Site& site, const std::string& because) {
    auto& store = site.campaigns();
    std::vector<CampaignRecord> paused;
    for (auto& record : store.list(kLookedAt)) {
        if (std::count(kPause.from.begin(), kPause.from.end(), record.head.state) == 0) continue;
        const auto seen = record.head;
        record.head =
            store.move(seen.id, kPause.from, kPause.to, kPause.action, this_operator(because));
        if (record.head.state == kPause.to) paused.push_back(std::move(record));
    }
    return paused;
}

std::string names_of(const std::vector<CampaignRecord>& campaigns) {
    std::vector<std::string> names;
    for (const auto& campaign : campaigns)
        names.push_back(campaign.name.text());
    return fmt::format("{}", fmt::join(names, ", "));
}

int pause(Invocation& invocation, const PauseOptions& options) {
    if (options.all != options.campaign.empty())
        throw ConfigError("pause", "name the campaign, or give --all");
    SignalWatch signals;
    Site site(invocation.globals);
    std::vector<CampaignRecord> paused;
    if (options.all)
        paused = pause_all(site, options.because);
    else
        paused.push_back(
            change_state(site, invocation, options.campaign, kPause, options.because).record);
    if (paused.empty()) invocation.err << "No campaign is running.\n";
    // No claim can follow the commit of the pause; those that are there end by their owners.
    std::uint64_t in_doubt = 0;
    const auto drained = drained_by(site.campaigns(), paused, [&](const CampaignRecord& campaign) {
        const auto claims = wait_for_claims(site, signals, campaign.head, invocation.err);
        in_doubt += claims.in_doubt;
        return claims.left == 0;
    });
    if (!paused.empty())
        invocation.err << fmt::format("{} {} paused; {}.\n", names_of(paused),
                                      paused.size() == 1 ? "is" : "are", drained_sentence(drained));
    if (drained.is_interrupted) invocation.err << "No longer waiting for its last claims.\n";
    const int code = drained.is_interrupted ? kExitUnavailable : kExitDone;
    if (!invocation.globals.json) return code;
    nlohmann::ordered_json view;
    if (options.all) {
        view["campaigns"] = nlohmann::ordered_json::array();
        for (const auto& campaign : paused)
            view["campaigns"].push_back(campaign.name.text());
    } else {
        view["campaign"] = options.campaign;
    }
    view["state"] = to_string(kPause.to);
    view["in_flight"] = drained.on_the_wire;
    view["given_back"] = drained.given_back();
    view["in_doubt_now"] = in_doubt;
    view["claims_left"] = drained.left;
    print_json(invocation.out, view);
    return code;
}

}  // namespace

void add_pause(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<PauseOptions>();
    const auto verb = app.add_subcommand("pause", "Stop sending; returns when no claim is left");
    verb.add_option("CAMPAIGN", options->campaign, "Its name");
    verb.add_option("--because", options->because, "Why, for the audit")
        .required()
        .type_name("TEXT");
    verb.add_flag("--all", options->all, "Every campaign that is running");
    verb.footer(
        "Says how many notifications were on the wire when it took effect.\n"
        "Examples:\n"
        "  pushonce pause spring-sale --because \"typo in the German title\"\n"
        "  pushonce pause --all --because \"the shop is down\"");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return pause(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
