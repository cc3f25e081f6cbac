#include "cli/opt_out_file.h"

#include <fmt/format.h>

#include "audience/audience_format.h"
#include "audience/byte_source.h"
#include "audience/byte_window.h"
#include "base/error.h"
#include "base/trimmed.h"
#include "campaign/names.h"

namespace dispatcher::cli {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
/// A longer line is no appid.
constexpr std::size_t kLineBytesMax = 4096;

[[noreturn]] void refuse(const std::string& path, std::uint64_t line, const std::string& problem) {
    throw ConfigError(fmt::format("{}:{}", source_name(path), line), problem);
}

bool is_table(std::string_view path) {
    for (const std::string_view packing : {".gz", ".zst"})
        if (path.ends_with(packing)) path.remove_suffix(packing.size());
    return path.ends_with(".csv") || path.ends_with(".ndjson");
}

void read_rows(const std::string& path, ByteWindow& window,
               const std::function<void(std::string_view)>& visit) {
    AudienceOptions options;
    options.file = path;
    const auto reader = open_row_reader(options, window);
    for (Row row; reader->next(row);) {
        if (!row.problem.empty()) refuse(path, row.line, row.problem);
        if (const auto problem = appid_problem(row.appid)) refuse(path, row.line, *problem);
        visit(row.appid);
    }
}

void read_lines(const std::string& path, ByteWindow& window,
                const std::function<void(std::string_view)>& visit) {
    if (window.begins_with(kByteOrderMark)) window.consume(kByteOrderMark.size());
    for (std::uint64_t number = 1;; ++number) {
        auto end = window.unread().find('\n');
        bool has_more = true;
        while (end == std::string_view::npos && has_more) {
            if (window.unread().size() > kLineBytesMax)
                refuse(path, number, "the line is too long for an appid");
            has_more = window.fill();
            end = window.unread().find('\n');
        }
        const bool is_last = end == std::string_view::npos;
        const auto line = trimmed(window.unread().substr(0, end), " \t\r");
        if (!line.empty()) {
            if (const auto problem = appid_problem(line)) refuse(path, number, *problem);
            visit(line);
        }
        if (is_last) return;
        window.consume(end + 1);
    }
}

}  // namespace

void read_opt_out_file(const std::string& path,
                       const std::function<void(std::string_view appid)>& visit) {
    const auto source = open_byte_source(path);
    ByteWindow window(*source);
    if (is_table(path))
        read_rows(path, window, visit);
    else
        read_lines(path, window, visit);
}

}  // namespace dispatcher::cli
