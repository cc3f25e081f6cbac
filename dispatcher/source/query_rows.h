#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "audience/row_reader.h"
#include "source/query_result.h"

namespace dispatcher {

/// The answer of a query as rows of an audience: its columns are the audience's columns, NULL is a
/// value that is not there, bytes stay as they are. Types are strict: what identifies or addresses
/// a device must be text or bytes (appid and user also whole numbers), and nothing may be of a type
/// that has no text of its own.
class QueryRows final : public RowReader {
  public:
    /// `where` opens errors. Throws ConfigError if the columns cannot be an audience's.
    QueryRows(std::unique_ptr<QueryResult> result, std::string where);

    bool next(Row& row) override;
    [[nodiscard]] const std::vector<std::string>& columns() const override { return columns_; }
    [[nodiscard]] bool has_header() const override { return true; }

  private:
    void check_columns();
    [[noreturn]] void refuse(const std::string& problem) const;
    /// The value of a column, or its problem in the row.
    std::string_view take(std::size_t column, Row& row);

    std::unique_ptr<QueryResult> result_;
    std::string where_;
    std::vector<std::string> columns_;  ///< without appid
    std::size_t appid_ = 0;
    std::uint64_t rows_ = 0;
};

}  // namespace dispatcher
