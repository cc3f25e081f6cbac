#include "audience/audience_format.h"

#include "audience/csv_reader.h"
#include "audience/ndjson_reader.h"
#include "base/error.h"

namespace dispatcher {
namespace {

using Format = RowsFrom::Format;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// What the name says; by_name if it says nothing.
Format format_of(std::string_view path) {
    for (const std::string_view packing : {".gz", ".zst"})
        if (path.ends_with(packing)) {
            path.remove_suffix(packing.size());
            break;
        }
    if (path.ends_with(".csv")) return Format::csv;
    if (path.ends_with(".ndjson")) return Format::ndjson;
    return Format::by_name;
}

void refuse_other_encodings(ByteWindow& window, const std::string& name) {
    if (window.begins_with("\xFF\xFE") || window.begins_with("\xFE\xFF"))
        throw ConfigError(name, "the file is UTF-16; save it as UTF-8");
    if (window.begins_with("\x1F\x8B"))
        throw ConfigError(name,
                          "is packed by gzip: let its name end in .gz, or unpack it before stdin");
    if (window.begins_with("\x28\xB5\x2F\xFD"))
        throw ConfigError(name,
                          "is packed by zstd: let its name end in .zst, or unpack it before stdin");
}

bool looks_like_ndjson(ByteWindow& window) {
    const auto text = window.unread();
    const auto first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && text[first] == '{';
}

}  // namespace

void check_audience_name(const RowsFrom& from) {
    if (from.file == "-" || format_of(from.file) != Format::by_name) return;
    throw ConfigError(source_name(from.file),
                      "the name of an audience file must end in .csv or .ndjson, or one of them "
                      "and .gz or .zst");
}

std::unique_ptr<RowReader> open_row_reader(const RowsFrom& from, ByteWindow& window) {
    const auto name = source_name(from.file);
    refuse_other_encodings(window, name);
    if (window.begins_with(kByteOrderMark)) window.consume(kByteOrderMark.size());
    auto format = from.file == "-" ? from.format : format_of(from.file);
    if (format == Format::by_name)
        format = looks_like_ndjson(window) ? Format::ndjson : Format::csv;
    if (format == Format::ndjson) return std::make_unique<NdjsonReader>(window);
    return std::make_unique<CsvReader>(window, name);
}

}  // namespace dispatcher
