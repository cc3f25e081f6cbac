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

int set(Invocation& invocation, const SetOptions& options) {
    Site site(invocation.globals);
    auto& store = site.campaigns();
    for (int tries_left = kTries; tries_left > 0; --tries_left) {
        const auto record = site.find(options.campaign);
        const auto changed = changed_settings(record.settings, options.orders);
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
                    "KEY=VALUE of rate, deadline, retry.attempts, retry.first, retry.max")
        .required();
    verb.add_option("--because", options->because, "Why, for the audit").type_name("TEXT");
    verb.footer(
        "Values are written as under `delivery` in the campaign file; `none` takes a rate or a\n"
        "deadline away. The audit keeps old and new; running processes follow within 2 s.\n"
        "Examples:\n"
        "  pushonce set spring-sale rate=1000/s\n"
        "  pushonce set spring-sale rate=none retry.attempts=3 --because \"they can take it\"\n"
        "  pushonce set spring-sale deadline=2027-03-01T21:00:00+01:00");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return set(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
