#include "journal/known_stores.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"

namespace dispatcher {
namespace {

constexpr std::string_view kFile = "/stores";

}  // namespace

KnownStores::KnownStores(std::string_view journal_dir)
    : path_(fmt::format("{}{}", journal_dir, kFile)) {}

std::vector<KnownStores::Entry> KnownStores::list() const {
    std::vector<Entry> entries;
    std::ifstream file(path_);
    for (std::string line; std::getline(file, line);) {
        const auto space = line.find(' ');
        // A line that a crash cut short names nothing.
        if (space == std::string::npos || file.eof()) continue;
        entries.push_back({line.substr(0, space), line.substr(space + 1)});
    }
    return entries;
}

void KnownStores::note(const Entry& entry) const {
    const auto entries = list();
    if (std::find(entries.begin(), entries.end(), entry) != entries.end()) return;
    std::ofstream file(path_, std::ios::app);
    // The line before it may have been cut short.
    file << (entries.empty() ? "" : "\n") << entry.store_id << ' ' << entry.url << '\n';
    file.flush();
    if (!file)
        throw UnavailableError(
            fmt::format("cannot write {}: {}", path_, std::generic_category().message(errno)));
}

}  // namespace dispatcher
