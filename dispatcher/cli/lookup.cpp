#include <algorithm>
#include <list>
#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/readable_file.h"
#include "base/time_text.h"
#include "campaign/notification.h"
#include "cli/campaign_view.h"
#include "cli/device_story.h"
#include "cli/site.h"
#include "cli/unfinished.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "engine/device_history.h"
#include "engine/report.h"
#include "engine/reported_outcome.h"

namespace dispatcher::cli {
namespace {

/// Orders of one campaign that are told.
constexpr std::size_t kOrdersMax = 50;

struct LookupOptions {
    std::string appid;
    bool explain = false;
};

void print_flag(Invocation& invocation, const LookupOptions& options, const DeviceFlag& flag,
                const CampaignStanding& standing) {
    const auto reported =
        reported_outcome(standing, &flag.row, [&](CampaignId) { return flag.campaign; });
    const NotificationKey key(flag.campaign, options.appid);
    if (invocation.globals.json) {
        nlohmann::ordered_json view = {{"appid", options.appid},
                                       {"campaign", flag.campaign},
                                       {"scope", flag.scope},
                                       {"outcome", to_string(reported.outcome)},
                                       {"reason", nullptr},
                                       {"notification_id", key.id()},
                                       {"tries", flag.row.tries},
                                       {"claims", flag.row.claims},
                                       {"changed_at", to_iso_text(flag.row.changed_at)}};
        if (!reported.reason.empty()) view["reason"] = reported.reason;
        print_json(invocation.out, view);
        return;
    }
    invocation.out << fmt::format(
        "{}  {}: {}{}, tries {}, claims {}\n    {}\n", to_iso_text(flag.row.changed_at),
        flag.campaign, to_string(reported.outcome),
        reported.reason.empty() ? "" : " (" + reported.reason + ")", flag.row.tries,
        flag.row.claims,
        flag.row.code.reason == Reason::none ? fmt::format("notification {}", key.id())
                                             : std::string(explain(flag.row.code.reason)));
}

/// The campaigns of the flag's scope that have the device in their audience and did not send to it,
/// because another one of them holds its flag.
void print_sisters(Invocation& invocation, const LookupOptions& options, CampaignStore& store,
                   const DeviceFlag& flag) {
    auto holder = store.find(flag.campaign);
    if (!holder) return;
    for (const auto& sister : sisters_of(store, *holder))
        Report(store, sister).find(options.appid, [&](const ReportLine& line) {
            const auto& reported = line.reported;
            if (invocation.globals.json) {
                print_json(invocation.out, {{"appid", options.appid},
                                            {"campaign", sister.name.text()},
                                            {"scope", flag.scope},
                                            {"outcome", to_string(reported.outcome)},
                                            {"reason", reported.reason},
                                            {"notification_id", line.notification_id},
                                            {"tries", line.tries},
                                            {"claims", line.claims},
                                            {"changed_at", nullptr}});
                return;
            }
            invocation.out << fmt::format(
                "{:24}  {}: {}{}\n    once per {}\n", "", sister.name.text(),
                to_string(reported.outcome),
                reported.reason.empty() ? "" : " (" + reported.reason + ")", flag.scope);
        });
}

/// The sealed gateway, with its settings if the server file still has it. Whoever asks about a
/// device need not be able to send to it: where a file that they name cannot be read, a copy that
/// is for show goes to `copies`.
GatewayChoice choice_to_show(const Site& site, const SealedGateway& sealed,
                             std::list<GatewayOptions>& copies) {
    const auto& type = site.type(sealed.type);
    const auto* options = site.server().gateway(sealed.name);
    if (options == nullptr || options->type != sealed.type) return {nullptr, &type};
    for (const auto& key : type.keys()) {
        const bool names_file = key.form == GatewayType::Key::Form::path &&
                                options->keys.contains(std::string(key.name));
        if (!names_file || reading_problem(options->key(key.name)).empty()) continue;
        copies.push_back(*options);
        copies.back().is_for_show = true;
        return {&copies.back(), &type};
    }
    return {options, &type};
}

int explain_device(Invocation& invocation, Site& site, const std::string& appid) {
    auto& store = site.campaigns();
    auto& records = site.device_records();
    std::list<GatewayOptions> copies;
    const auto chapters = device_history(
        store, records, appid,
        [&](const SealedGateway& sealed) { return choice_to_show(site, sealed, copies); },
        site.clock().wall());
    for (const auto& chapter : chapters) {
        auto orders = store.audit(chapter.record.name.text(), kOrdersMax);
        std::reverse(orders.begin(), orders.end());
        if (invocation.globals.json)
            print_json(invocation.out, chapter_view(chapter, orders, appid));
        else
            invocation.out << chapter_text(chapter, orders, appid) << "\n";
    }
    if (records.is_suppressed(appid)) invocation.err << appid << " is in the opt-out list now.\n";
    if (chapters.empty())
        invocation.err
            << "No campaign of this store has " << appid
            << " in its audience: it was never in one, or retention or `pushonce forget` "
               "took it out.\n";
    return kExitDone;
}

int lookup(Invocation& invocation, const LookupOptions& options) {
    if (const auto problem = appid_problem(options.appid)) throw ConfigError("APPID", *problem);
    Site site(invocation.globals);
    if (options.explain) return explain_device(invocation, site, options.appid);
    auto& store = site.campaigns();
    if (const auto out = store.opt_out(options.appid))
        invocation.err << fmt::format("{} is on the opt-out list since {} by {}{}.\n",
                                      options.appid, to_iso_text(out->since), out->who,
                                      out->because.empty() ? "" : " (" + out->because + ")");
    const auto flags = store.flags_of(options.appid);
    for (const auto& flag : flags) {
        CampaignStanding standing;
        standing.id = flag.row.campaign;
        if (const auto head = store.session().read_campaign(flag.row.campaign))
            standing = CampaignStanding::of(*head);
        print_flag(invocation, options, flag, standing);
        print_sisters(invocation, options, store, flag);
    }
    if (flags.empty())
        invocation.err << "Nothing was ever claimed for " << options.appid << " in this store.\n";
    return kExitDone;
}

}  // namespace

void add_lookup(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<LookupOptions>();
    const auto verb = app.add_subcommand("lookup", "Everything sent, or not sent, to one device");
    verb.add_option("APPID", options->appid, "The device's appid").required();
    verb.add_flag("--explain", options->explain,
                  "Every campaign with it in its audience: who ordered it, what was tried, the "
                  "exact text, and why nothing was sent where nothing was");
    verb.footer(
        "Examples:\n"
        "  pushonce lookup d-000017\n"
        "  pushonce lookup d-000017 --explain\n"
        "  pushonce --json lookup d-000017");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return lookup(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
