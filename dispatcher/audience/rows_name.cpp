#include "audience/rows_name.h"

#include <fmt/format.h>

#include "audience/byte_source.h"

namespace dispatcher {

RowsName::RowsName(const RowsFrom& from, bool is_excluded)
    : is_file_(from.part.kind == AudiencePart::Kind::file),
      text_(is_file_ ? source_name(from.file)
                     : fmt::format("{}: {}", from.place, name_of(from.part))),
      short_name_(is_excluded ? " of " + name_of(from.part) : "") {}

std::string RowsName::row(std::uint64_t line) const {
    return is_file_ ? fmt::format("{}:{}", text_, line) : fmt::format("{}: row {}", text_, line);
}

std::string RowsName::short_row(std::uint64_t line) const {
    return fmt::format("{} {}{}", unit(), line, short_name_);
}

}  // namespace dispatcher
