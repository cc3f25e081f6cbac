#include "campaign/nearest_name.h"

#include <algorithm>

#include <fmt/ranges.h>

namespace dispatcher {
namespace {

/// Longer names are no slips of the finger, and the work grows with the square.
constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kNamesListedMax = 20;

std::string folded(std::string_view name) {
    std::string text(name);
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == '-') c = '_';
    }
    return text;
}

/// Edits that turn `a` into `b`: insert, delete, replace, swap neighbours.
std::size_t distance(const std::string& a, const std::string& b) {
    std::vector<std::size_t> two_above(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        two_above.swap(above);
        above.swap(row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], two_above[j - 2] + 1);
        }
    }
    return row[b.size()];
}

}  // namespace

std::string nearest_name(std::string_view wrong, const std::vector<std::string>& candidates) {
    if (wrong.size() > kNameBytesMax) return {};
    const auto wanted = folded(wrong);
    // A third of the letters may be wrong: "nmae" means name, "colour" does not mean door.
    std::size_t best_distance = std::max<std::size_t>(1, wanted.size() / 3) + 1;
    std::string best;
    for (const auto& candidate : candidates) {
        if (candidate.size() > kNameBytesMax) continue;
        const auto edits = distance(wanted, folded(candidate));
        if (edits < best_distance) {
            best_distance = edits;
            best = candidate;
        }
    }
    return best;
}

std::string hint_for(std::string_view wrong, const std::vector<std::string>& candidates) {
    const auto nearest = nearest_name(wrong, candidates);
    if (!nearest.empty()) return fmt::format("; did you mean '{}'?", nearest);
    if (candidates.empty()) return {};
    const auto listed = std::min(candidates.size(), kNamesListedMax);
    return fmt::format("; known: {}{}",
                       fmt::join(candidates.begin(),
                                 candidates.begin() + static_cast<std::ptrdiff_t>(listed), ", "),
                       listed < candidates.size() ? ", …" : "");
}

}  // namespace dispatcher
