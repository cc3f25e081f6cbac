#include "cli/report_format.h"

#include <iterator>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/time_text.h"

namespace dispatcher::cli {
namespace {

constexpr std::string_view kCsvHeader =
    "campaign,appid,outcome,reason,gateway,notification_id,tries,claims,platform,locale,user,"
    "settled_at\n";

constexpr std::string_view kDeadCsvHeader = "appid,gateway,token,reason,timestamp,settled_at\n";

void append_text(std::string& out, std::string_view key, std::optional<std::string_view> value) {
    out += key;
    if (!value) {
        out += "null";
        return;
    }
    out += '"';
    append_json_escaped(out, *value);
    out += '"';
}

std::optional<std::string_view> unless_empty(std::string_view text) {
    if (text.empty()) return std::nullopt;
    return text;
}

void append_field(std::string& out, std::string_view value) {
    if (value.find_first_of(",\"\r\n") == std::string_view::npos) {
        out += value;
        return;
    }
    out += '"';
    for (const char c : value) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

}  // namespace

void append_ndjson(std::string& out, const ReportLine& line) {
    append_text(out, R"({"campaign":)", line.campaign);
    append_text(out, R"(,"appid":)", line.appid);
    append_text(out, R"(,"outcome":)", to_string(line.reported.outcome));
    append_text(out, R"(,"reason":)", unless_empty(line.reported.reason));
    append_text(out, R"(,"gateway":)", line.gateway);
    append_text(out, R"(,"notification_id":)", unless_empty(line.notification_id));
    fmt::format_to(std::back_inserter(out), R"(,"tries":{},"claims":{})", line.tries, line.claims);
    append_text(out, R"(,"platform":)", line.platform);
    append_text(out, R"(,"locale":)", line.locale);
    append_text(out, R"(,"user":)", line.user);
    if (line.settled_at)
        append_text(out, R"(,"settled_at":)", to_iso_text(*line.settled_at));
    else
        append_text(out, R"(,"settled_at":)", std::nullopt);
    out += "}\n";
}

void append_csv_header(std::string& out) {
    out += kCsvHeader;
}

void append_csv(std::string& out, const ReportLine& line) {
    const auto field = [&](std::string_view value) {
        append_field(out, value);
        out += ',';
    };
    field(line.campaign);
    field(line.appid);
    field(to_string(line.reported.outcome));
    field(line.reported.reason);
    field(line.gateway);
    field(line.notification_id);
    fmt::format_to(std::back_inserter(out), "{},{},", line.tries, line.claims);
    field(line.platform.value_or(""));
    field(line.locale.value_or(""));
    field(line.user.value_or(""));
    if (line.settled_at) out += to_iso_text(*line.settled_at);
    out += '\n';
}

void append_ndjson(std::string& out, const DeadTokenLine& line) {
    append_text(out, R"({"appid":)", line.appid);
    append_text(out, R"(,"gateway":)", line.gateway);
    append_text(out, R"(,"token":)", line.token);
    append_text(out, R"(,"reason":)", line.reason);
    out += R"(,"timestamp":)";
    out += line.dead_since ? fmt::to_string(line.dead_since->time_since_epoch().count()) : "null";
    append_text(out, R"(,"settled_at":)",
                line.settled_at ? std::optional(to_iso_text(*line.settled_at)) : std::nullopt);
    out += "}\n";
}

void append_dead_csv_header(std::string& out) {
    out += kDeadCsvHeader;
}

void append_csv(std::string& out, const DeadTokenLine& line) {
    for (const std::string_view value :
         {std::string_view(line.appid), std::string_view(line.gateway),
          line.token ? std::string_view(*line.token) : std::string_view(),
          std::string_view(line.reason)}) {
        append_field(out, value);
        out += ',';
    }
    if (line.dead_since) out += fmt::to_string(line.dead_since->time_since_epoch().count());
    out += ',';
    if (line.settled_at) out += to_iso_text(*line.settled_at);
    out += '\n';
}

}  // namespace dispatcher::cli
