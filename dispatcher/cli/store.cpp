#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/campaign_view.h"
#include "cli/invocation.h"
#include "cli/site.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

void print_version(Invocation& invocation, Site& site, int version) {
    if (invocation.globals.json)
        print_json(invocation.out,
                   {{"store", site.server().store.url}, {"schema_version", version}});
}

int init_store(Invocation& invocation) {
    Site site(invocation.globals);
    auto& store = site.campaigns_unchecked();
    const auto before = store.schema_version();
    store.init();
    invocation.err << fmt::format("{} {} (schema version {}).\n", site.server().store.url,
                                  before.found == before.wanted ? "was ready already" : "is ready",
                                  before.wanted);
    print_version(invocation, site, before.wanted);
    return kExitDone;
}

int migrate_store(Invocation& invocation) {
    Site site(invocation.globals);
    auto& store = site.campaigns_unchecked();
    const auto version = store.schema_version();
    if (version.found == 0)
        throw RefusedError("there are no tables to migrate: `pushonce store init` makes them");
    if (version.found != version.wanted)
        throw RefusedError(fmt::format(
            "the tables are of version {}, this program knows version {} and no way between them",
            version.found, version.wanted));
    invocation.err << fmt::format(
        "Nothing to do: the tables are of version {}, as this program "
        "wants them.\n",
        version.found);
    print_version(invocation, site, version.found);
    return kExitDone;
}

}  // namespace

void add_store(CLI::App& app, Invocation& invocation) {
    auto* verb = app.add_subcommand("store", "The store's tables: init, migrate");
    verb->require_subcommand(1);
    verb->footer(
        "Examples:\n"
        "  pushonce store init\n"
        "  pushonce store migrate");
    auto* init = verb->add_subcommand("init", "Make the tables; does nothing if they are there");
    init->footer("Examples:\n  pushonce store init");
    init->callback(
        [&invocation] { invocation.action = [&invocation] { return init_store(invocation); }; });
    auto* migrate = verb->add_subcommand("migrate", "Bring the tables to this program's version");
    migrate->footer("Examples:\n  pushonce store migrate");
    migrate->callback(
        [&invocation] { invocation.action = [&invocation] { return migrate_store(invocation); }; });
    auto* purge = verb->add_subcommand("purge", "(not available in this version)");
    purge->footer("Examples:\n  none yet");
    purge->allow_extras();
    purge->callback([&invocation] {
        invocation.action = []() -> int {
            throw ConfigError("store purge", "not available in this version");
        };
    });
}

}  // namespace dispatcher::cli
