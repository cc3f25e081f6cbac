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

/// Lines gathered to be written in large pieces, in the format that was asked for.
class LineWriter {
  public:
    LineWriter(const ReportOptions& options, std::ostream& out)
        : is_csv_(options.format == "csv"), out_(out) {}

    [[nodiscard]] bool is_csv() const { return is_csv_; }
    std::string& text() { return text_; }
    template <class Line>
    void write(const Line& line) {
        is_csv_ ? append_csv(text_, line) : append_ndjson(text_, line);
        if (text_.size() < kWriteBytes) return;
        out_ << text_;
        text_.clear();
        check_results(out_);
    }
    void finish() { out_ << text_ << std::flush; }

  private:
    const bool is_csv_;
    std::ostream& out_;
    std::string text_;
};

/// Lines by outcome.
ReportCounts write_report(CampaignStore& store, const CampaignRecord& record,
                          const ReportOptions& options, std::ostream& out) {
    LineWriter writer(options, out);
    if (writer.is_csv()) append_csv_header(writer.text());
    ReportCounts counts;
    Report(store, record).for_each([&](const ReportLine& line) {
        writer.write(line);
        ++counts.by_outcome[static_cast<std::size_t>(line.reported.outcome)];
    });
    writer.finish();
    return counts;
}

/// Devices whose token is dead, a line for each; all of them were rejected.
ReportCounts write_dead_tokens(Site& site, const CampaignRecord& record,
                               const ReportOptions& options, std::ostream& out) {
    LineWriter writer(options, out);
    if (writer.is_csv()) append_dead_csv_header(writer.text());
    ReportCounts counts;
    const auto type_of = [&](const std::string& name) -> const GatewayType& {
        return site.type(name);
    };
    DeadTokenReport(site.campaigns(), record, type_of).for_each([&](const DeadTokenLine& line) {
        writer.write(line);
        ++counts.by_outcome[static_cast<std::size_t>(ReportOutcome::rejected)];
    });
    writer.finish();
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
    if (options.dead_tokens && options.format == "html")
        throw ConfigError("--dead-tokens", "a list for programs: ndjson or csv, not html");
    Site site(invocation.globals);
    const auto record = site.find(options.campaign);
    if (record.head.state == CampaignState::purged)
        throw RefusedError(fmt::format(
            "the records of {} were purged after retention: no device's outcome is known any more; "
            "`pushonce show {}` and `pushonce audit {}` still answer",
            options.campaign, options.campaign, options.campaign));
    const auto write = [&](std::ostream& out) {
        if (options.dead_tokens) return write_dead_tokens(site, record, options, out);
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
    verb.add_flag("--dead-tokens", options->dead_tokens,
                  "Only devices whose token the gateway called dead, with token and time: delete "
                  "those that were not registered since");
    verb.footer(
        "Examples:\n"
        "  pushonce report spring-sale > spring-sale.ndjson\n"
        "  pushonce report spring-sale --format csv --output spring-sale.csv\n"
        "  pushonce report spring-sale --format html --output spring-sale.html\n"
        "  pushonce report spring-sale --dead-tokens --format csv --output dead.csv\n"
        "  pushonce --json report spring-sale --output spring-sale.ndjson\n"
        "  pushonce report spring-sale | grep '\"outcome\":\"in_doubt\"'\n\n"
        "--dead-tokens prints appid, gateway, token, reason, timestamp (milliseconds; the time "
        "that\nthe gateway named, null where it named none) and settled_at. Nothing is sent to "
        "such "
        "a\ntoken again, by any campaign, unless its audience has a column registered_at (RFC 3339 "
        "or\nmilliseconds) later than that time. A new token of the same appid is sent to.");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return report(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
