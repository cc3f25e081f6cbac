#include "engine/report.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/campaign_view.h"
#include "cli/number_text.h"
#include "cli/report_format.h"
#include "cli/report_page.h"
#include "cli/site.h"
#include "cli/standard_streams.h"
#include "cli/verb.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

constexpr std::size_t kOrdersMax = 10'000;
constexpr std::size_t kWriteBytes = std::size_t{64} << 10;

struct ReportOptions {
    std::string campaign;
    std::string format = "ndjson";
    std::string output;
    bool dead_tokens = false;
};

/// Lines by outcome.
ReportCounts write_report(CampaignStore& store, const CampaignRecord& record,
                          const ReportOptions& options, std::ostream& out) {
    const bool is_csv = options.format == "csv";
    Report report(store, record);
    std::string text;
    if (is_csv) append_csv_header(text);
    ReportCounts counts;
    report.for_each([&](const ReportLine& line) {
        is_csv ? append_csv(text, line) : append_ndjson(text, line);
        ++counts.by_outcome[static_cast<std::size_t>(line.reported.outcome)];
        if (text.size() < kWriteBytes) return;
        out << text;
        text.clear();
        check_results(out);
    });
    out << text << std::flush;
    return counts;
}

/// One pass over the lines gathers what the page shows; the lines themselves are not kept.
ReportCounts write_html(CampaignStore& store, const CampaignRecord& record, std::ostream& out) {
    ReportDigest digest;
    Report(store, record).for_each([&](const ReportLine& line) { digest.add(line); });
    auto orders = store.audit(record.name.text(), kOrdersMax);
    std::reverse(orders.begin(), orders.end());
    write_page(out, {record, digest, std::move(orders), store.now()});
    out << std::flush;
    ReportCounts counts;
    counts.by_outcome = digest.outcomes();
    return counts;
}

int report(Invocation& invocation, const ReportOptions& options) {
    if (options.dead_tokens) throw ConfigError("--dead-tokens", "not available in this version");
    Site site(invocation.globals);
    const auto record = site.find(options.campaign);
    if (record.head.state == CampaignState::purged)
        throw RefusedError(fmt::format(
            "the records of {} were purged after retention: no device's outcome is known any more; "
            "`pushonce show {}` and `pushonce audit {}` still answer",
            options.campaign, options.campaign, options.campaign));
    const auto write = [&](std::ostream& out) {
        return options.format == "html" ? write_html(site.campaigns(), record, out)
                                        : write_report(site.campaigns(), record, options, out);
    };
    if (options.output.empty()) {
        write(invocation.out);
        return kExitDone;
    }
    std::ofstream file(options.output, std::ios::binary | std::ios::trunc);
    const auto written = file ? write(file) : ReportCounts();
    file.close();
    if (!file)
        throw UnavailableError(
            fmt::format("{} cannot be written: is the folder there, is the disk "
                        "full?",
                        options.output));
    if (invocation.globals.json)
        print_json(invocation.out, {{"campaign", options.campaign},
                                    {"format", options.format},
                                    {"output", options.output},
                                    {"members", written.total()},
                                    {"counts", counts_view(written)}});
    invocation.err << fmt::format(
        "{} in {}\n", count_of(written.total(), options.format == "html" ? "device" : "line"),
        options.output);
    return kExitDone;
}

}  // namespace

void add_report(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<ReportOptions>();
    const auto verb = app.add_subcommand("report", "One line for every audience member");
    verb.add_option("CAMPAIGN", options->campaign, "Its name").required();
    verb.add_option("--format", options->format,
                    "ndjson, csv, or html: a page to print and to mail")
        .one_of({"ndjson", "csv", "html"})
        .capture_default_str();
    verb.add_option("--output", options->output, "A file instead of standard output")
        .type_name("FILE");
    verb.add_flag("--dead-tokens", options->dead_tokens, "Not available in this version");
    verb.footer(
        "Examples:\n"
        "  pushonce report spring-sale > spring-sale.ndjson\n"
        "  pushonce report spring-sale --format csv --output spring-sale.csv\n"
        "  pushonce report spring-sale --format html --output spring-sale.html\n"
        "  pushonce --json report spring-sale --output spring-sale.ndjson\n"
        "  pushonce report spring-sale | grep '\"outcome\":\"in_doubt\"'");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return report(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
