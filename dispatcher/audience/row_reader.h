#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dispatcher {

inline constexpr std::size_t kFieldBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kColumnsMax = 1000;
/// A row as it stands in the file.
inline constexpr std::size_t kRowBytesMax = std::size_t{4} << 20;

/// One row of an audience. Views live until the reader's next call.
struct Row {
    std::uint64_t line = 0;  ///< physical line where it begins, from 1; without a file: which row
    std::string_view appid;
    std::vector<std::string_view> values;  ///< by column; may be shorter: empty
    /// What is wrong with the row's form, in words; empty if nothing. Never quotes a value, which
    /// may be personal.
    std::string problem;
    /// The problem is of a kind behind which nothing can be trusted to be a row.
    bool ends_reading = false;
};

/// Port: rows of one part of an audience, in their order.
class RowReader {
  public:
    virtual ~RowReader() = default;
    /// Reads the next row, good or bad; false at the end. Throws ConfigError, UnavailableError.
    virtual bool next(Row& row) = 0;
    /// Names of the columns but appid. May grow while rows are read.
    [[nodiscard]] virtual const std::vector<std::string>& columns() const = 0;
    /// Whether every row has all columns (a header told them), so that a missing one can be
    /// complained of once.
    [[nodiscard]] virtual bool has_header() const = 0;
};

}  // namespace dispatcher
