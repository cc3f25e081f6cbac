#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/time_text.h"
#include "cli/campaign_view.h"
#include "cli/number_text.h"
#include "cli/site.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

/// Where the audience came from, and who was struck out by what.
std::string origin_text(const AudienceSeal& audience) {
    if (!audience.origin) return {};
    auto text = "audience from " + to_text(audience.origin->members) + "\n";
    for (const auto& part : audience.origin->exclude)
        text += fmt::format("excluded {} by {}\n", with_separators(part.excluded), to_text(part));
    return text;
}

int show(Invocation& invocation, const std::string& campaign) {
    Site site(invocation.globals);
    const auto record = site.find(campaign);
    const auto sealed = nlohmann::ordered_json::parse(record.campaign.to_json());
    const auto settings = nlohmann::ordered_json::parse(record.settings.to_json());
    auto& out = invocation.out;
    if (invocation.globals.json) {
        auto view = record_view(record);
        view["settings"] = settings;
        view["sealed"] = sealed;
        view["file"] = record.source_text;
        print_json(out, view);
        return kExitDone;
    }
    out << fmt::format("{}: {}{}\n", record.name.text(), to_string(record.head.state),
                       record.cause.empty() ? "" : " (" + record.cause + ")");
    out << fmt::format("sealed {} by {}\n", to_iso_text(record.sealed_at), record.sealed_by);
    if (record.started_at) out << fmt::format("started {}\n", to_iso_text(*record.started_at));
    out << fmt::format("sha256 {}\n", to_hex(record.sealed_sha));
    out << fmt::format("{}, once per {}\n", count_of(record.campaign.audience.recipients, "device"),
                       record.campaign.once_per);
    out << origin_text(record.campaign.audience);
    for (const auto& gateway : record.campaign.gateways)
        out << fmt::format("gateway {} ({}): {}\n", gateway.name, gateway.type, gateway.target);
    out << "settings " << settings.dump() << "\n";
    out << "\nThe campaign file as it was sealed:\n" << record.source_text;
    if (!record.source_text.ends_with('\n')) out << "\n";
    out << "\nThe message and its targets as they were sealed:\n" << sealed.dump(2) << "\n";
    return kExitDone;
}

}  // namespace

void add_show(CLI::App& app, Invocation& invocation) {
    const auto campaign = std::make_shared<std::string>();
    auto* verb = app.add_subcommand("show", "File and message as they were sealed, sha, who, when");
    verb->add_option("CAMPAIGN", *campaign, "Its name")->required();
    verb->footer(
        "Examples:\n"
        "  pushonce show spring-sale\n"
        "  pushonce --json show spring-sale");
    verb->callback([&invocation, campaign] {
        invocation.action = [&invocation, campaign] { return show(invocation, *campaign); };
    });
}

}  // namespace dispatcher::cli
