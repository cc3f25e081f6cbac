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

ProblemList::ProblemList(std::string name, OnBadRow policy, AudienceCounts& counts)
    : name_(std::move(name)), policy_(policy), counts_(counts) {}

void ProblemList::add(std::uint64_t line, std::string problem) {
    ++counts_.bad_rows;
    if (counts_.problems.size() < kProblemsKept)
        counts_.problems.push_back({line, std::move(problem)});
    if (policy_ == OnBadRow::stop && counts_.bad_rows == kProblemsListed)
        fail("reading stopped here: there may be more");
}

void ProblemList::add_last(std::uint64_t line, std::string problem) {
    // Always among those that are listed.
    counts_.problems.resize(std::min(counts_.problems.size(), kProblemsListed - 1));
    counts_.problems.push_back({line, std::move(problem)});
    fail("what comes behind cannot be read");
}

void ProblemList::finish() const {
    if (policy_ == OnBadRow::stop && counts_.bad_rows > 0)
        fail("nothing was sealed; `on_bad_row: skip` would leave these rows out");
}

void ProblemList::fail(const char* closing) const {
    std::string text;
    for (const auto& [line, problem] : counts_.problems)
        text += fmt::format("{}:{}: {}\n", name_, line, problem);
    throw ConfigError("", text + closing);
}

}  // namespace dispatcher
