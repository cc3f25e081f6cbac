#pragma once

#include <string>

#include "engine/dead_token_report.h"
#include "engine/report.h"

namespace dispatcher::cli {

/// One report line as a JSON object on a line of its own.
void append_ndjson(std::string& out, const ReportLine& line);

/// The header row of the CSV form, and one report line of it (RFC 4180; no value: empty).
void append_csv_header(std::string& out);
void append_csv(std::string& out, const ReportLine& line);

/// The same for devices with dead tokens; `timestamp` is in milliseconds, as APNs has it.
void append_ndjson(std::string& out, const DeadTokenLine& line);
void append_dead_csv_header(std::string& out);
void append_csv(std::string& out, const DeadTokenLine& line);

}  // namespace dispatcher::cli
