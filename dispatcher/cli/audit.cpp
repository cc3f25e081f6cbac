#include <algorithm>
#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "cli/campaign_view.h"
#include "cli/site.h"
#include "cli/verb.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

constexpr std::size_t kRowsMax = 10'000;

int audit(Invocation& invocation, const std::string& campaign) {
    Site site(invocation.globals);
    if (!campaign.empty()) (void)site.find(campaign);
    auto rows = site.campaigns().audit(campaign, kRowsMax);
    std::reverse(rows.begin(), rows.end());
    for (const auto& row : rows) {
        if (invocation.globals.json)
            print_json(invocation.out, {{"at", to_iso_text(row.at)},
                                        {"campaign", row.campaign},
                                        {"who", row.who},
                                        {"from", row.from},
                                        {"action", row.action},
                                        {"detail", row.detail},
                                        {"because", row.because}});
        else
            invocation.out << fmt::format(
                "{}  {:<8} {}  {} from {}{}{}\n", to_iso_text(row.at), row.action,
                row.campaign.empty() ? "(the whole store)" : row.campaign, row.who, row.from,
                row.detail.empty() ? "" : "  " + row.detail,
                row.because.empty() ? "" : "  because: " + row.because);
    }
    if (rows.empty()) invocation.err << "No operator has acted yet.\n";
    return kExitDone;
}

}  // namespace

void add_audit(const Verb& app, Invocation& invocation) {
    const auto campaign = std::make_shared<std::string>();
    const auto verb =
        app.add_subcommand("audit", "Every operator action: who, from where, what, why");
    verb.add_option("CAMPAIGN", *campaign, "Its name; absent: all of them");
    verb.footer(
        "Oldest first.\n"
        "Examples:\n"
        "  pushonce audit\n"
        "  pushonce --json audit spring-sale");
    verb.callback([&invocation, campaign] {
        invocation.action = [&invocation, campaign] { return audit(invocation, *campaign); };
    });
}

}  // namespace dispatcher::cli
