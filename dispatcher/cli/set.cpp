#include <algorithm>
#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/campaign_view.h"
#include "cli/operator_identity.h"
#include "cli/site.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "config/settings_reader.h"

namespace dispatcher::cli {
namespace {

/// Operators who change the same campaign at the same moment, at most.
constexpr int kTries = 10;

struct SetOptions {
    std::string campaign;
    std::vector<std::string> orders;
    std::string because;
};

/// A window by each recipient's clock needs to know that clock.
void require_timezones(const CampaignRecord& record, const Settings& changed) {
    const auto& columns = record.campaign.audience.columns;
    if (!changed.send_window || !changed.send_window->is_by_recipient()) return;
    if (std::find(columns.begin(), columns.end(), "timezone") == columns.end())
        throw ConfigError("zone", fmt::format("the audience of {} was sealed without a column "
                                              "`timezone`: name a zone such as Europe/Berlin",
                                              record.name.text()));
}

int set(Invocation& invocation, const SetOptions& options) {
    Site site(invocation.globals);
    auto& store = site.campaigns();
    for (int tries_left = kTries; tries_left > 0; --tries_left) {
        const auto record = site.find(options.campaign);
        const auto changed = changed_settings(record.settings, options.orders);
        require_timezones(record, changed);
        const auto differences = settings_differences(record.settings, changed);
        const auto detail = fmt::format("{}", fmt::join(differences, "; "));
        if (differences.empty())
            invocation.err << "Nothing changes: that is how " << options.campaign
                           << " is set already.\n";
        else if (!store.set_settings(record.head, changed, detail, this_operator(options.because)))
            continue;  // somebody moved or changed the campaign meanwhile: look again
        else
            invocation.err << fmt::format("{}: {}. Running processes follow within 2 s.\n",
                                          options.campaign, detail);
        if (invocation.globals.json)
            print_json(invocation.out,
                       {{"campaign", options.campaign},
                        {"changes", differences},
                        {"settings", nlohmann::ordered_json::parse(changed.to_json())}});
        return kExitDone;
    }
    throw UnavailableError(
        fmt::format("{} is being changed by others all the time", options.campaign));
}

}  // namespace

void add_set(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<SetOptions>();
    const auto verb = app.add_subcommand("set", "Change what is not sealed, also while it runs");
    verb.add_option("CAMPAIGN", options->campaign, "Its name").required();
    verb.add_option("SETTING", options->orders,
                    "KEY=VALUE of rate, deadline, retry.attempts, retry.first, retry.max, "
                    "first.count, first.then, max_gone, send_window.from, send_window.to, "
                    "send_window.outside, zone")
        .required();
    verb.add_option("--because", options->because, "Why, for the audit").type_name("TEXT");
    verb.footer(
        "Values are written as under `delivery` and `schedule` in the campaign file; `none` takes\n"
        "a rate, deadline, first or send_window away. The audit keeps old and new; running\n"
        "processes follow within 2 s.\n"
        "Examples:\n"
        "  pushonce set spring-sale rate=1000/s\n"
        "  pushonce set spring-sale rate=none retry.attempts=3 --because \"they can take it\"\n"
        "  pushonce set spring-sale deadline=2027-03-01T21:00:00+01:00\n"
        "  pushonce set spring-sale send_window.from=09:00 send_window.to=21:00 "
        "zone=Europe/Berlin");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return set(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
