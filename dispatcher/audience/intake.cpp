#include "audience/intake.h"

#include <cstring>

#include "audience/audience_format.h"
#include "audience/byte_source.h"
#include "audience/byte_window.h"
#include "audience/problem_list.h"
#include "audience/recipient_record.h"
#include "audience/row_check.h"
#include "audience/row_values.h"
#include "base/error.h"

namespace dispatcher {
namespace {

constexpr std::uint64_t kRowsBetweenReports = 65'536;
/// Scratch that a byte of the file takes when the most is in use: sorted runs, the spool, hashes of
/// device tokens.
constexpr double kScratchPerByte = 3.0;

void expect_space(const ByteSource& source, ScratchSpace& space) {
    const auto bytes = source.expected_bytes();
    if (bytes)
        space.expect(static_cast<std::uint64_t>(static_cast<double>(*bytes) * kScratchPerByte));
}

}  // namespace

Intake::Intake(const AudienceOptions& options, const Routing& routing,
               const TokenCheck& check_token, ScratchSpace& space, AudienceCounts& counts)
    : options_(options),
      routing_(routing),
      check_token_(check_token),
      space_(space),
      counts_(counts) {}

std::vector<std::string> Intake::read(ExternalSort& sort,
                                      const std::function<void(std::uint64_t rows)>& progress) {
    const auto name = source_name(options_.file);
    check_audience_name(options_);
    const auto source = open_byte_source(options_.file);
    ByteWindow window(*source);
    const auto reader = open_row_reader(options_, window);
    RowCheck check(routing_, check_token_);
    check.look_at(reader->columns());
    if (reader->has_header())
        if (const auto problem = check.header_problem()) throw ConfigError(name + ":1", *problem);

    ProblemList problems(name, options_.on_bad_row, counts_);
    auto columns_known = reader->columns().size();
    GatewayNo gateway;
    for (Row row; reader->next(row);) {
        if (row.ends_reading) problems.add_last(row.line, std::move(row.problem));
        ++counts_.rows;
        if (reader->columns().size() != columns_known) {
            columns_known = reader->columns().size();
            check.look_at(reader->columns());
        }
        if (!row.problem.empty())
            problems.add(row.line, std::move(row.problem));
        else if (auto problem = check.row_problem(row, gateway))
            problems.add(row.line, std::move(*problem));
        else if (problems.lets_rows_in())
            add_record(row, gateway, sort);
        if (counts_.rows % kRowsBetweenReports == 1) {
            expect_space(*source, space_);
            if (progress) progress(counts_.rows);
        }
    }
    if (progress) progress(counts_.rows);
    problems.finish();
    return reader->columns();
}

void Intake::add_record(const Row& row, GatewayNo gateway, ExternalSort& sort) {
    char* out = sort.add(row.appid, kLineBytes + kGatewayBytes + values_size(row.values));
    std::memcpy(out, &row.line, kLineBytes);
    std::memcpy(out + kLineBytes, &gateway.value, kGatewayBytes);
    put_values(out + kLineBytes + kGatewayBytes, row.values);
}

}  // namespace dispatcher
