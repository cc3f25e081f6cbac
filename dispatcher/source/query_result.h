#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dispatcher {

/// Port: the answer of a query, row by row, never held as a whole. One thread.
class QueryResult {
  public:
    enum class Type : std::uint8_t {
        null,
        text,
        bytes,
        whole,
        decimal,
        approximate,  ///< floating point
        time,         ///< date, time of day or both
        other,        ///< without a text that everybody would write: bits, geometry
    };
    struct Column {
        std::string name;
        /// Absent where each value has a type of its own.
        std::optional<Type> type;
        std::string type_name;  ///< as the database calls it
    };
    /// A value as text; the view lives until the next row.
    struct Value {
        Type type = Type::null;
        std::string_view text;
    };

    virtual ~QueryResult() = default;
    [[nodiscard]] virtual const std::vector<Column>& columns() const = 0;
    /// Moves to the next row; false behind the last. Throws ConfigError for what a person must mend
    /// in the query, UnavailableError if the database went away or the timeout passed.
    virtual bool next() = 0;
    /// A value of the row in hand; columns count from 0.
    virtual Value value(std::size_t column) = 0;
};

}  // namespace dispatcher
