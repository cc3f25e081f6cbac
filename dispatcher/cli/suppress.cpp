#include <memory>
#include <ostream>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/time_text.h"
#include "cli/campaign_view.h"
#include "cli/number_text.h"
#include "cli/operator_identity.h"
#include "cli/opt_out_file.h"
#include "cli/site.h"
#include "cli/verb.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

/// Appids of one transaction, and rows of one read.
constexpr std::size_t kPage = 1000;
/// Appids that the audit names; of more it tells the number.
constexpr std::size_t kNamed = 5;

struct SuppressOptions {
    std::vector<std::string> appids;
    std::string file;
    std::string because;
};

/// The appids as typed, checked, sorted and each once.
std::set<std::string> checked(const std::vector<std::string>& appids) {
    for (const auto& appid : appids)
        if (const auto problem = appid_problem(appid)) throw ConfigError("APPID", *problem);
    return {appids.begin(), appids.end()};
}

std::string in_words(const std::set<std::string>& appids) {
    if (appids.size() > kNamed) return count_of(appids.size(), "device");
    std::string words;
    for (const auto& appid : appids)
        words += (words.empty() ? "" : " ") + appid;
    return words;
}

/// Hands the appids on in sorted pages, and adds up what `change` answers.
template <class Change>
std::size_t by_pages(const std::set<std::string>& appids, Change&& change) {
    std::size_t changed = 0;
    std::vector<std::string_view> page;
    for (const auto& appid : appids) {
        page.emplace_back(appid);
        if (page.size() < kPage) continue;
        changed += change(page);
        page.clear();
    }
    return page.empty() ? changed : changed + change(page);
}

int add_appids(Invocation& invocation, const SuppressOptions& options) {
    const auto appids = checked(options.appids);
    Site site(invocation.globals);
    auto& store = site.campaigns();
    const auto actor = this_operator(options.because);
    store.add_audit(CampaignId{}, "suppress", in_words(appids), actor);
    const auto added =
        by_pages(appids, [&](const auto& page) { return store.suppress(page, actor); });
    invocation.err << fmt::format(
        "{} on the opt-out list ({} new): no campaign sends to them from the next claim on.\n",
        count_of(appids.size(), "device"), with_separators(added));
    if (invocation.globals.json)
        print_json(invocation.out, {{"suppressed", appids.size()}, {"new", added}});
    return kExitDone;
}

int remove_appids(Invocation& invocation, const SuppressOptions& options) {
    const auto appids = checked(options.appids);
    Site site(invocation.globals);
    auto& store = site.campaigns();
    store.add_audit(CampaignId{}, "unsuppress", in_words(appids), this_operator(options.because));
    const auto removed = by_pages(appids, [&](const auto& page) { return store.unsuppress(page); });
    invocation.err << fmt::format(
        "{} taken off the opt-out list; {} on it.\n", count_of(removed, "device"),
        appids.size() == removed ? std::string("all were")
                                 : with_separators(appids.size() - removed) + " were not");
    if (invocation.globals.json) print_json(invocation.out, {{"removed", removed}});
    return kExitDone;
}

int import_file(Invocation& invocation, const SuppressOptions& options) {
    // A file that is wrong somewhere changes nothing.
    if (options.file != "-") read_opt_out_file(options.file, [](std::string_view) {});
    Site site(invocation.globals);
    auto& store = site.campaigns();
    const auto actor = this_operator(options.because);
    store.add_audit(CampaignId{}, "suppress", "import of " + options.file, actor);
    std::uint64_t read = 0;
    std::size_t added = 0;
    std::set<std::string> page;
    const auto flush = [&] {
        added += by_pages(page, [&](const auto& appids) { return store.suppress(appids, actor); });
        page.clear();
    };
    read_opt_out_file(options.file, [&](std::string_view appid) {
        ++read;
        page.emplace(appid);
        if (page.size() == kPage) flush();
    });
    flush();
    store.add_audit(CampaignId{}, "suppress",
                    fmt::format("import of {} ended: {} read, {} new", options.file, read, added),
                    actor);
    invocation.err << fmt::format("{} read from {}, {} new on the opt-out list.\n",
                                  count_of(read, "appid"), options.file, with_separators(added));
    if (invocation.globals.json) print_json(invocation.out, {{"read", read}, {"new", added}});
    return kExitDone;
}

int list_appids(Invocation& invocation) {
    Site site(invocation.globals);
    auto& store = site.campaigns();
    bool is_empty = true;
    for (std::string after;;) {
        const auto rows = store.opt_outs(after, kPage);
        for (const auto& row : rows) {
            if (invocation.globals.json)
                print_json(invocation.out, {{"appid", row.appid},
                                            {"since", to_iso_text(row.since)},
                                            {"who", row.who},
                                            {"because", row.because}});
            else
                invocation.out << fmt::format("{}  {}  {}{}\n", row.appid, to_iso_text(row.since),
                                              row.who,
                                              row.because.empty() ? "" : "  " + row.because);
        }
        is_empty = is_empty && rows.empty();
        if (rows.size() < kPage) break;
        after = rows.back().appid;
    }
    if (is_empty) invocation.err << "Nobody is on the opt-out list.\n";
    return kExitDone;
}

using Action = int (*)(Invocation&, const SuppressOptions&);

Verb add_inner(const Verb& verb, Invocation& invocation, const char* name, const char* help,
               const char* footer, const std::shared_ptr<SuppressOptions>& options, Action action) {
    const auto inner = verb.add_subcommand(name, help);
    inner.add_option("--because", options->because, "Why, for the audit").type_name("TEXT");
    inner.footer(footer);
    inner.callback([&invocation, options, action] {
        invocation.action = [&invocation, options, action] { return action(invocation, *options); };
    });
    return inner;
}

}  // namespace

void add_suppress(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<SuppressOptions>();
    const auto verb = app.add_subcommand("suppress", "The opt-out list: to whom nothing is sent");
    verb.require_subcommand();
    verb.footer(
        "In force from the next claim, at most 2 s later, for every campaign of the store. Their\n"
        "report line says `skipped: suppressed`. Taking somebody off the list does not undo that.\n"
        "Examples:\n"
        "  pushonce suppress add d-000017 --because \"asked by mail\"\n"
        "  pushonce suppress import optouts.csv\n"
        "  pushonce --json suppress list");
    add_inner(verb, invocation, "add", "Put devices on it",
              "Examples:\n  pushonce suppress add d-000017 d-000018", options, add_appids)
        .add_option("APPID", options->appids, "Their appids")
        .required();
    add_inner(verb, invocation, "remove", "Take devices off it",
              "Examples:\n  pushonce suppress remove d-000017 --because \"opted in again\"",
              options, remove_appids)
        .add_option("APPID", options->appids, "Their appids")
        .required();
    add_inner(verb, invocation, "import", "Put all devices of a file on it",
              "A .csv with a column appid, .ndjson, or plain lines; also .gz or .zst, or - for\n"
              "plain lines from stdin. A file with a wrong row changes nothing.\n"
              "Examples:\n"
              "  pushonce suppress import optouts.csv.gz --because \"export of today\"\n"
              "  mysql -N -e 'SELECT appid FROM optouts' crm | pushonce suppress import -",
              options, import_file)
        .add_option("FILE", options->file, "The list")
        .required();
    const auto list = verb.add_subcommand("list", "Print it, in the order of appids");
    list.footer("Examples:\n  pushonce suppress list\n  pushonce --json suppress list");
    list.callback(
        [&invocation] { invocation.action = [&invocation] { return list_appids(invocation); }; });
}

}  // namespace dispatcher::cli
