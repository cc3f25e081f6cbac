#include "engine/report.h"

#include <fstream>
#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "cli/number_text.h"
#include "cli/report_format.h"
#include "cli/site.h"
#include "cli/standard_streams.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

constexpr std::size_t kWriteBytes = std::size_t{64} << 10;

struct ReportOptions {
    std::string campaign;
    std::string format = "ndjson";
    std::string output;
    bool dead_tokens = false;
};

std::uint64_t write_report(Report& report, const std::string& format, std::ostream& out) {
    const bool is_csv = format == "csv";
    std::string text;
    if (is_csv) append_csv_header(text);
    std::uint64_t lines = 0;
    report.for_each([&](const ReportLine& line) {
        is_csv ? append_csv(text, line) : append_ndjson(text, line);
        ++lines;
        if (text.size() < kWriteBytes) return;
        out << text;
        text.clear();
        check_results(out);
    });
    out << text << std::flush;
    return lines;
}

int report(Invocation& invocation, const ReportOptions& options) {
    if (options.format == "html")
        throw ConfigError("--format html", "not available in this version");
    if (options.dead_tokens) throw ConfigError("--dead-tokens", "not available in this version");
    Site site(invocation.globals);
    const auto record = site.find(options.campaign);
    Report lines(site.campaigns(), record);
    if (options.output.empty()) {
        write_report(lines, options.format, invocation.out);
        return kExitDone;
    }
    std::ofstream file(options.output, std::ios::binary | std::ios::trunc);
    const auto written = file ? write_report(lines, options.format, file) : 0;
    file.close();
    if (!file)
        throw UnavailableError(
            fmt::format("{} cannot be written: is the folder there, is the disk "
                        "full?",
                        options.output));
    invocation.err << fmt::format("{} in {}\n", count_of(written, "line"), options.output);
    return kExitDone;
}

}  // namespace

void add_report(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<ReportOptions>();
    auto* verb = app.add_subcommand("report", "One line for every audience member");
    verb->add_option("CAMPAIGN", options->campaign, "Its name")->required();
    verb->add_option("--format", options->format, "ndjson, csv (html: not available yet)")
        ->check(CLI::IsMember({"ndjson", "csv", "html"}))
        ->capture_default_str();
    verb->add_option("--output", options->output, "A file instead of standard output")
        ->type_name("FILE");
    verb->add_flag("--dead-tokens", options->dead_tokens, "Not available in this version");
    verb->footer(
        "Examples:\n"
        "  pushonce report spring-sale > spring-sale.ndjson\n"
        "  pushonce report spring-sale --format csv --output spring-sale.csv\n"
        "  pushonce report spring-sale | grep '\"outcome\":\"in_doubt\"'");
    verb->callback([&invocation, options] {
        invocation.action = [&invocation, options] { return report(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
