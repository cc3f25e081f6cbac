#include <limits>
#include <memory>
#include <ostream>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/loopback_only.h"
#include "cli/campaign_view.h"
#include "cli/plan_text.h"
#include "cli/planning.h"
#include "cli/rehearsal.h"
#include "cli/rehearsal_text.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "config/quantity.h"

namespace dispatcher::cli {
namespace {

constexpr std::uint32_t kKillsDefault = 3;
constexpr std::uint32_t kKillsMax = 1000;
constexpr std::uint64_t kSeeds = 1'000'000'000;

struct RehearseOptions {
    std::string file;
    std::vector<std::string> params;
    std::string faults;
    std::string latency;
    std::string keep;
    std::uint32_t kills = kKillsDefault;
    std::uint32_t seed = 0;
};

std::vector<const RowsFrom*> parts_of(const CampaignFile& file) {
    std::vector<const RowsFrom*> parts = {&file.audience};
    for (const auto& from : file.audience.exclude)
        parts.push_back(&from);
    return parts;
}

/// Nobody is sent anything, or told.
const std::set<std::string_view> kNeverNeeded = {"gateways", "dead_tokens"};

/// The sections of the server file whose secrets reading the audience does not need.
std::set<std::string_view> unneeded_for(const CampaignFile& file) {
    auto unneeded = kNeverNeeded;
    unneeded.insert({"store", "sources"});
    for (const auto* from : parts_of(file)) {
        if (from->part.kind == AudiencePart::Kind::campaign) unneeded.erase("store");
        if (!from->part.source.empty()) unneeded.erase("sources");
    }
    return unneeded;
}

void refuse_stdin(const CampaignFile& file) {
    for (const auto* from : parts_of(file))
        if (from->file == "-")
            throw ConfigError(
                file.path,
                "the audience comes from standard input: a rehearsal would use it up, "
                "and the launch would find nobody. Write it to a file first and name "
                "that in audience.file");
}

int refuse_problems(Invocation& invocation, const PreparedCampaign& prepared, const Plan& plan) {
    for (const auto& problem : plan.problems)
        invocation.err << "PROBLEM     " << problem << "\n";
    invocation.err << "A launch would be refused: nothing was rehearsed.\n";
    if (invocation.globals.json) print_json(invocation.out, plan_view(prepared, plan));
    return kExitUsage;
}

int rehearse(Invocation& invocation, const RehearseOptions& options) {
    // Whatever comes, no gateway beyond this machine; see rehearsal/README.md.
    confine_to_loopback();
    if (!options.latency.empty() && !parse_duration(options.latency))
        throw ConfigError("--latency",
                          fmt::format("'{}' is no duration, such as 20ms or 1s", options.latency));
    SignalWatch signals;
    const auto check = [&signals] { signals.check(); };
    const auto params = parse_params(options.params);
    const auto server_file = find_server_file(invocation.globals.config);
    const Site first(read_server_file(server_file, {"gateways", "dead_tokens", "store", "sources"}),
                     Site::Use::read);
    const auto unneeded = unneeded_for(load_campaign(first, options.file, params));
    Site site(read_server_file(server_file, unneeded), Site::Use::read);
    auto log_options = site.server().log;
    log_options.level = invocation.globals.log_level.value_or(LogLevel::warn);
    start_log(log_options);
    auto file = load_campaign(site, options.file, params);
    refuse_stdin(file);
    if (file.audience.refresh)
        invocation.err << "A rehearsal looks up no addresses: it sends to those of the audience, "
                          "which must have them.\n";
    file.audience.refresh.reset();  // a rehearsal's dispatchers know no sources
    auto prepared = prepare_visibly(site, std::move(file), invocation.err, check);
    const auto plan = plan_visibly(site, prepared, {false, false}, invocation.err, check);
    if (!plan.problems.empty()) return refuse_problems(invocation, prepared, plan);

    RehearsalOptions wanted;
    wanted.kills = options.kills;
    wanted.seed = options.seed != 0 ? options.seed : 1 + site.random().next() % kSeeds;
    wanted.faults_file = options.faults;
    wanted.latency = options.latency;
    wanted.folder = options.keep;
    const auto over = gateways_text(prepared);
    Rehearsal rehearsal(site.server(), prepared, wanted);
    auto result = rehearsal.run(signals, invocation, plan);
    result.over = over;
    if (invocation.globals.json)
        print_json(invocation.out, rehearsal_view(result));
    else
        invocation.out << rehearsal_text(result);
    return result.exit_code;
}

}  // namespace

void add_rehearse(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<RehearseOptions>();
    const auto verb = app.add_subcommand(
        "rehearse", "Play the campaign against the mock gateway, kill it, and judge what came out");
    verb.add_option("FILE", options->file, "The campaign file").required();
    verb.add_option("--kill", options->kills, "How often the dispatcher is killed with kill -9")
        .type_name("N")
        .between(0, kKillsMax)
        .capture_default_str();
    verb.add_option("--seed", options->seed, "Draws the kills; the same one draws the same again")
        .type_name("N")
        .between(1, std::numeric_limits<std::uint32_t>::max());
    verb.add_option("--faults", options->faults,
                    "How the mock gateway misbehaves (YAML), see `pushonce mock-gateway`")
        .type_name("FILE");
    verb.add_option("--latency", options->latency,
                    "Between a request and the mock gateway's answer, e.g. 80ms")
        .type_name("D");
    verb.add_option("--param", options->params, "Fills ${param:KEY} in the file; repeatable")
        .type_name("KEY=VALUE")
        .allow_extra_args(false);
    verb.add_option("--keep", options->keep,
                    "Work in this new or empty folder and leave everything there")
        .type_name("DIR");
    verb.footer(
        "The real audience, this machine, a throw-away store: a dispatcher is started, killed at\n"
        "random, restarted, to the end; then ledger, audience and report are held against each\n"
        "other. No real endpoint can be reached, no credential is used, the store is not written\n"
        "to. It runs at full speed, at any hour: delivery.rate counts for the ETA only.\n"
        "Exit 0: every invariant holds (what the kills left in doubt is counted, not blamed);\n"
        "3: as a launch, devices are undelivered or in doubt by the gateway's answers; 6: the\n"
        "campaign stopped itself; 1: an invariant is violated, and the folder is kept.\n"
        "Examples:\n"
        "  pushonce rehearse config/spring-sale.yaml\n"
        "  pushonce rehearse config/spring-sale.yaml --kill 10 --seed 7\n"
        "  pushonce rehearse config/spring-sale.yaml --faults faults.yaml --latency 80ms\n"
        "  pushonce --json rehearse config/spring-sale.yaml --kill 0 > rehearsal.json");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return rehearse(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
