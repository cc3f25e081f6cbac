#include <filesystem>
#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/campaign_launch.h"
#include "cli/campaign_view.h"
#include "cli/plan_text.h"
#include "cli/planning.h"
#include "cli/selected_audience.h"
#include "cli/store_halt.h"
#include "cli/verb.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

struct TestOptions {
    std::string file;
    std::vector<std::string> appids;
    std::string audience;
    std::vector<std::string> params;
};

/// Testers are chosen by hand: nobody is struck out.
void read_only_file(AudienceOptions& audience, const std::string& path) {
    audience.part = {};
    audience.part.file = path;
    audience.file = path;
    audience.exclude.clear();
}

/// The campaign with the few recipients that are to get it, under a name of its own.
PreparedCampaign prepare_test(Site& site, Invocation& invocation, const TestOptions& options,
                              const std::function<void()>& check) {
    auto file = load_campaign(site, options.file, parse_params(options.params));
    std::optional<SelectedAudience> selected;
    if (options.appids.empty()) {
        read_only_file(file.audience, std::filesystem::absolute(options.audience).string());
    } else {
        const auto whole = prepare_visibly(site, file, invocation.err, check);
        selected.emplace(whole, options.appids);
        read_only_file(file.audience, selected->path());
    }
    file.audience.expect_min.reset();
    file.audience.expect_max.reset();
    auto& store = site.campaigns();
    file.name = file.name.test_run(store.last_test_run(file.name) + 1);
    file.once_per = file.name.text();
    return prepare_visibly(site, std::move(file), invocation.err, check);
}

int test(Invocation& invocation, const TestOptions& options) {
    if (options.appids.empty() == options.audience.empty())
        throw ConfigError("test", "give either --appid (one or more) or --audience FILE");
    SignalWatch signals;
    const auto check = [&signals] { signals.check(); };
    Site site(invocation.globals);
    if (is_halted(site, invocation)) return kExitStopped;
    auto prepared = prepare_test(site, invocation, options, check);
    if (!options.appids.empty()) prepared.file.audience.file = "the choice by --appid";
    const auto made = plan_visibly(site, prepared, {false, false}, invocation.err, check);
    invocation.err << plan_text(prepared, made);
    if (!made.problems.empty()) {
        if (invocation.globals.json) print_json(invocation.out, plan_view(prepared, made));
        return kExitUsage;
    }
    auto sealed = seal_visibly(site, signals, invocation, prepared);
    return run_sealed(site, signals, invocation, std::move(sealed.record));
}

}  // namespace

void add_test(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<TestOptions>();
    const auto verb =
        app.add_subcommand("test", "Really send to a few, without spending the campaign");
    verb.add_option("FILE", options->file, "The campaign file").required();
    verb.add_option("--appid", options->appids, "Devices of the campaign's audience")
        .type_name("ID");
    verb.add_option("--audience", options->audience, "An audience of testers instead")
        .type_name("FILE");
    verb.add_option("--param", options->params, "Fills ${param:KEY} in the file; repeatable")
        .type_name("KEY=VALUE")
        .allow_extra_args(false);
    verb.footer(
        "Each test is a campaign of its own, NAME#test-1, NAME#test-2, …: the real launch still\n"
        "reaches everyone.\n"
        "Examples:\n"
        "  pushonce test config/spring-sale.yaml --appid d-000017 d-000018\n"
        "  pushonce test config/spring-sale.yaml --audience me.csv");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return test(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
