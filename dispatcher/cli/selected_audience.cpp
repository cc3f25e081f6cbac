#include "cli/selected_audience.h"

#include <cstdlib>
#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <unistd.h>

#include "audience/rows_name.h"
#include "base/encoding.h"
#include "base/error.h"

namespace dispatcher::cli {
namespace {

constexpr std::string_view kSuffix = ".ndjson";

void append_member(std::string& out, std::string_view name, std::string_view value) {
    out += out.ends_with('{') ? "\"" : ",\"";
    append_json_escaped(out, name);
    out += "\":\"";
    append_json_escaped(out, value);
    out += '"';
}

std::string rows_of(const PreparedCampaign& prepared, const std::vector<std::string>& appids) {
    std::set<std::string, std::less<>> wanted(appids.begin(), appids.end());
    const auto& columns = prepared.audience.columns();
    std::string rows;
    prepared.audience.for_each([&](const Audience::Recipient& recipient) {
        const auto found = wanted.find(recipient.appid);
        if (found == wanted.end()) return;
        wanted.erase(found);
        rows += '{';
        append_member(rows, "appid", recipient.appid);
        for (std::size_t i = 0; i < columns.size() && i < recipient.values.size(); ++i)
            append_member(rows, columns[i], recipient.values[i]);
        rows += "}\n";
    });
    if (!wanted.empty())
        throw ConfigError(RowsName(prepared.file.audience, false).text(),
                          fmt::format("the audience has no appid '{}'", *wanted.begin()));
    return rows;
}

}  // namespace

SelectedAudience::SelectedAudience(const PreparedCampaign& prepared,
                                   const std::vector<std::string>& appids) {
    const auto rows = rows_of(prepared, appids);
    const auto folder = std::filesystem::temp_directory_path();
    path_ = (folder / "pushonce-test-XXXXXX").string() + std::string(kSuffix);
    const int fd = mkstemps(path_.data(), static_cast<int>(kSuffix.size()));
    const bool written =
        fd >= 0 && write(fd, rows.data(), rows.size()) == static_cast<ssize_t>(rows.size());
    if (fd >= 0) close(fd);
    if (written) return;
    if (fd >= 0) unlink(path_.c_str());
    throw UnavailableError(fmt::format("no file can be written in {}", folder.string()));
}

SelectedAudience::~SelectedAudience() {
    unlink(path_.c_str());
}

}  // namespace dispatcher::cli
