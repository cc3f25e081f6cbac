#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/campaign_view.h"
#include "cli/invocation.h"
#include "cli/site.h"
#include "cli/verb.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

int init_store(Invocation& invocation) {
    Site site(invocation.globals);
    auto& store = site.campaigns_unchecked();
    const auto before = store.schema_version();
    store.init();
    const bool was_ready = before.found == before.wanted;
    invocation.err << fmt::format("{} {} (schema version {}). Next: `pushonce doctor`\n",
                                  site.server().store.url,
                                  was_ready ? "was ready already" : "is ready", before.wanted);
    if (invocation.globals.json)
        print_json(invocation.out, {{"store", site.server().store.url},
                                    {"schema_version", before.wanted},
                                    {"was_ready", was_ready}});
    return kExitDone;
}

int migrate_store(Invocation& invocation) {
    Site site(invocation.globals);
    auto& store = site.campaigns_unchecked();
    const auto version = store.schema_version();
    if (version.found == 0)
        throw RefusedError("there are no tables to migrate: `pushonce store init` makes them");
    if (version.found < version.oldest || version.found > version.wanted)
        throw RefusedError(fmt::format(
            "the tables are of version {}, this program knows version {} and no way between them",
            version.found, version.wanted));
    if (version.found == version.wanted) {
        invocation.err << fmt::format(
            "Nothing to do: the tables are of version {}, as this program "
            "wants them.\n",
            version.found);
    } else {
        store.migrate();
        invocation.err << fmt::format("The tables are of version {} now; they were of {}.\n",
                                      version.wanted, version.found);
    }
    if (invocation.globals.json)
        print_json(invocation.out,
                   {{"store", site.server().store.url}, {"schema_version", version.wanted}});
    return kExitDone;
}

}  // namespace

void add_store(const Verb& app, Invocation& invocation) {
    const auto verb =
        app.add_subcommand("store", "The store's tables: init, migrate; retention: purge");
    verb.require_subcommand();
    verb.footer(
        "Examples:\n"
        "  pushonce store init\n"
        "  pushonce store migrate\n"
        "  pushonce store purge --dry-run");
    const auto init =
        verb.add_subcommand("init", "Make the tables; does nothing if they are there");
    init.footer("Examples:\n  pushonce store init");
    init.callback(
        [&invocation] { invocation.action = [&invocation] { return init_store(invocation); }; });
    const auto migrate =
        verb.add_subcommand("migrate", "Bring the tables to this program's version");
    migrate.footer("Examples:\n  pushonce store migrate");
    migrate.callback(
        [&invocation] { invocation.action = [&invocation] { return migrate_store(invocation); }; });
    add_store_purge(verb, invocation);
}

}  // namespace dispatcher::cli
