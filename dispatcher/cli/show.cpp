#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/error.h"
#include "base/time_text.h"
#include "cli/campaign_view.h"
#include "cli/number_text.h"
#include "cli/site.h"
#include "cli/state_words.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "engine/seal_check.h"

namespace dispatcher::cli {
namespace {

/// Where the audience came from, and who was struck out by what.
std::string origin_text(const AudienceSeal& audience) {
    if (!audience.origin) return {};
    auto text = "audience from " + to_text(audience.origin->members) + "\n";
    for (const auto& part : audience.origin->exclude)
        text += fmt::format("excluded {} by {}\n", with_separators(part.excluded), to_text(part));
    if (audience.origin->refresh)
        text +=
            "addresses from " + to_text(*audience.origin->refresh) + ", when their turn comes\n";
    return text;
}

struct ShowOptions {
    std::string campaign;
    bool check_seal = false;
};

std::string seal_sentence(const SealCheck& check) {
    auto text = fmt::format("{} read", count_of(check.chunks, "chunk"));
    if (check.without_data > 0)
        text +=
            fmt::format(", {} without data after retention", with_separators(check.without_data));
    if (check.forgotten > 0) text += ", " + count_of(check.forgotten, "forgotten device");
    if (check.damaged > 0) text += fmt::format(", {} DAMAGED", with_separators(check.damaged));
    return text + (check.is_chain_whole ? "; their hashes make up the sealed one"
                                        : "; their hashes do NOT make up the sealed one");
}

/// Whether what the store holds still is what was sealed.
int check(Invocation& invocation, Site& site, const CampaignRecord& record) {
    const auto& name = record.name.text();
    if (record.head.state == CampaignState::purged)
        throw RefusedError(
            fmt::format("the audience of {} is purged: nothing is left to check", name));
    const auto seal = check_seal(site.campaigns(), record);
    if (invocation.globals.json)
        print_json(invocation.out, {{"campaign", name},
                                    {"is_sound", seal.is_sound()},
                                    {"chunks", seal.chunks},
                                    {"without_data", seal.without_data},
                                    {"forgotten", seal.forgotten},
                                    {"damaged", seal.damaged},
                                    {"is_chain_whole", seal.is_chain_whole}});
    else
        invocation.out << fmt::format("{}: the seal is {}: {}\n", name,
                                      seal.is_sound() ? "sound" : "BROKEN", seal_sentence(seal));
    return seal.is_sound() ? kExitDone : kExitStopped;
}

int show(Invocation& invocation, const ShowOptions& options) {
    Site site(invocation.globals);
    const auto record = site.find(options.campaign);
    if (options.check_seal) return check(invocation, site, record);
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
    out << fmt::format("{}: {}{}\n", record.name.text(), words_of(record.head.state),
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

void add_show(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<ShowOptions>();
    const auto verb =
        app.add_subcommand("show", "File and message as they were sealed, sha, who, when");
    verb.add_option("CAMPAIGN", options->campaign, "Its name").required();
    verb.add_flag("--check-seal", options->check_seal,
                  "Read the whole audience and check it against the seal");
    verb.footer(
        "Examples:\n"
        "  pushonce show spring-sale\n"
        "  pushonce --json show spring-sale\n"
        "  pushonce show spring-sale --check-seal");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return show(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
