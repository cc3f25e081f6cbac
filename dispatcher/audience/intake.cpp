#include "audience/intake.h"

#include <cstring>

#include "audience/problem_list.h"
#include "audience/recipient_record.h"
#include "audience/row_check.h"
#include "audience/row_values.h"
#include "audience/rows_name.h"
#include "base/error.h"
#include "campaign/names.h"

namespace dispatcher {
namespace {

constexpr std::uint64_t kRowsBetweenReports = 65'536;
/// Scratch that a byte of the file takes when the most is in use: sorted runs, the spool, hashes of
/// device tokens.
constexpr double kScratchPerByte = 3.0;

void put_head(char* out, std::uint64_t line, GatewayNo gateway) {
    std::memcpy(out, &line, kLineBytes);
    std::memcpy(out + kLineBytes, &gateway.value, kGatewayBytes);
}

}  // namespace

Intake::Intake(const AudienceOptions& options, const Routing& routing,
               const TokenCheck& check_token, const OpenRows& open_rows, ScratchSpace& space,
               AudienceCounts& counts, AudienceOrigin& origin)
    : options_(options),
      routing_(routing),
      check_token_(check_token),
      open_rows_(open_rows),
      space_(space),
      counts_(counts),
      origin_(origin) {}

std::vector<std::string> Intake::read(ExternalSort& sort, const Progress& progress) {
    for (std::size_t part = 0; part < options_.exclude.size(); ++part)
        read_exclusion(part, sort, progress);
    auto columns = read_members(sort, progress);
    if (progress) progress(rows_read_);
    return columns;
}

void Intake::read_exclusion(std::size_t part, ExternalSort& sort, const Progress& progress) {
    const auto& from = options_.exclude[part];
    PartRows rows(from, open_rows_, hash());
    ProblemList problems(RowsName(from, true), options_.on_bad_row, counts_);
    for (Row row; rows.reader().next(row);) {
        if (row.ends_reading) problems.add_last(row.line, std::move(row.problem));
        if (!row.problem.empty())
            problems.add(row.line, std::move(row.problem));
        else if (auto problem = appid_problem(row.appid))
            problems.add(row.line, std::move(*problem));
        else if (problems.lets_rows_in())
            put_head(sort.add(row.appid, kLineBytes + kGatewayBytes), part, kExcludedGateway);
        report(rows, progress);
    }
    problems.finish();
    origin_.exclude[part].content_sha256 = rows.content_sha256();
}

std::vector<std::string> Intake::read_members(ExternalSort& sort, const Progress& progress) {
    PartRows rows(options_, open_rows_, hash());
    auto& reader = rows.reader();
    const RowsName name(options_, false);
    RowCheck check(routing_, check_token_, options_.needs_timezone);
    check.look_at(reader.columns());
    if (reader.has_header())
        if (const auto problem = check.header_problem())
            throw ConfigError(
                options_.part.kind == AudiencePart::Kind::file ? name.row(1) : name.text(),
                *problem);

    ProblemList problems(name, options_.on_bad_row, counts_);
    auto columns_known = reader.columns().size();
    GatewayNo gateway;
    for (Row row; reader.next(row);) {
        if (row.ends_reading) problems.add_last(row.line, std::move(row.problem));
        ++counts_.rows;
        if (reader.columns().size() != columns_known) {
            columns_known = reader.columns().size();
            check.look_at(reader.columns());
        }
        if (!row.problem.empty())
            problems.add(row.line, std::move(row.problem));
        else if (auto problem = check.row_problem(row, gateway))
            problems.add(row.line, std::move(*problem));
        else if (problems.lets_rows_in())
            add_member(row, gateway, sort);
        report(rows, progress);
    }
    problems.finish();
    origin_.members.content_sha256 = rows.content_sha256();
    return reader.columns();
}

/// Where all parts are files, the audience as a whole is compared by content.
PartRows::Hash Intake::hash() const {
    return is_live(origin_) ? PartRows::Hash::yes : PartRows::Hash::no;
}

void Intake::report(const PartRows& rows, const Progress& progress) {
    if (++rows_read_ % kRowsBetweenReports != 1) return;
    if (const auto bytes = rows.expected_bytes())
        space_.expect(static_cast<std::uint64_t>(static_cast<double>(*bytes) * kScratchPerByte));
    if (progress) progress(rows_read_);
}

void Intake::add_member(const Row& row, GatewayNo gateway, ExternalSort& sort) {
    char* out = sort.add(row.appid, kLineBytes + kGatewayBytes + values_size(row.values));
    put_head(out, row.line, gateway);
    put_values(out + kLineBytes + kGatewayBytes, row.values);
}

}  // namespace dispatcher
