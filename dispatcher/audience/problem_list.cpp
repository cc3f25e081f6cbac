#include "audience/problem_list.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace dispatcher {
namespace {

/// Kept in the counts.
constexpr std::size_t kProblemsKept = 100;
/// Listed in one error.
constexpr std::size_t kProblemsListed = 20;

}  // namespace

ProblemList::ProblemList(RowsName name, OnBadRow policy, AudienceCounts& counts)
    : name_(std::move(name)), policy_(policy), counts_(counts), first_(counts.problems.size()) {}

void ProblemList::add(std::uint64_t line, std::string problem) {
    ++counts_.bad_rows;
    if (counts_.problems.size() < kProblemsKept)
        counts_.problems.push_back({line, std::move(problem), name_.short_row(line)});
    if (policy_ == OnBadRow::stop && counts_.bad_rows == kProblemsListed)
        fail("reading stopped here: there may be more");
}

void ProblemList::add_last(std::uint64_t line, std::string problem) {
    // Always among those that are listed.
    counts_.problems.resize(std::min(counts_.problems.size(), first_ + kProblemsListed - 1));
    counts_.problems.push_back({line, std::move(problem), name_.short_row(line)});
    fail("what comes behind cannot be read");
}

void ProblemList::finish() const {
    if (policy_ == OnBadRow::stop && counts_.bad_rows > 0)
        fail("nothing was sealed; `on_bad_row: skip` would leave these rows out");
}

void ProblemList::fail(const char* closing) const {
    std::string text;
    for (auto i = first_; i < counts_.problems.size(); ++i)
        text += fmt::format("{}: {}\n", name_.row(counts_.problems[i].line),
                            counts_.problems[i].problem);
    throw ConfigError("", text + closing);
}

}  // namespace dispatcher
