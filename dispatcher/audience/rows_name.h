#pragma once

#include <cstdint>
#include <string>

#include "audience/audience.h"

namespace dispatcher {

/// How messages call the rows of one part of an audience.
class RowsName {
  public:
    /// `is_excluded`: the part strikes out members.
    RowsName(const RowsFrom& from, bool is_excluded);

    /// "/srv/a.csv", "stdin", "sale.yaml:4:10: source crm".
    [[nodiscard]] const std::string& text() const { return text_; }
    /// One row: "/srv/a.csv:3", "sale.yaml:4:10: source crm: row 3".
    [[nodiscard]] std::string row(std::uint64_t line) const;
    /// "line 3", "row 3", "line 3 of optouts.csv".
    [[nodiscard]] std::string short_row(std::uint64_t line) const;
    /// "line" or "row".
    [[nodiscard]] const char* unit() const { return is_file_ ? "line" : "row"; }

  private:
    bool is_file_;
    std::string text_;
    std::string short_name_;  ///< of an exclusion
};

}  // namespace dispatcher
