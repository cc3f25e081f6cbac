#include "config/problems.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "base/error.h"

namespace dispatcher {
namespace {

/// More than this helps nobody: they come from one mistake.
constexpr std::size_t kProblemsShownMax = 20;

}  // namespace

void Problems::add(const std::string& file, Mark mark, std::string problem) {
    problems_.push_back({file, mark, std::move(problem)});
}

void Problems::throw_if_any() const {
    if (problems_.empty()) return;
    auto sorted = problems_;
    std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
        return std::tie(a.file, a.mark.line, a.mark.column) <
               std::tie(b.file, b.mark.line, b.mark.column);
    });
    std::string lines;
    for (std::size_t i = 0; i < std::min(sorted.size(), kProblemsShownMax); ++i)
        lines +=
            fmt::format("{}{}{}", i == 0 ? "" : "\n",
                        sorted[i].file.empty() ? std::string()
                                               : to_string(sorted[i].file, sorted[i].mark) + ": ",
                        sorted[i].text);
    if (sorted.size() > kProblemsShownMax)
        lines += fmt::format("\nand {} more", sorted.size() - kProblemsShownMax);
    throw ConfigError("", lines);
}

std::string to_string(const std::string& file, Mark mark) {
    return fmt::format("{}:{}:{}", file, mark.line, mark.column);
}

}  // namespace dispatcher
