#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audience/byte_window.h"
#include "audience/row_reader.h"

namespace dispatcher {

/// Reads CSV as RFC 4180 has it: fields in quotes may hold commas, line ends and doubled quotes;
/// lines end in LF or CRLF; the first line names the columns. Empty lines are passed over.
class CsvReader final : public RowReader {
  public:
    /// Reads the header. Throws ConfigError (`name:line: …`) if it is not one.
    CsvReader(ByteWindow& window, std::string name);

    bool next(Row& row) override;
    [[nodiscard]] const std::vector<std::string>& columns() const override { return columns_; }
    [[nodiscard]] bool has_header() const override { return true; }

  private:
    struct Field {
        std::size_t begin;  ///< in text_
        std::size_t size;
    };
    enum class Line : std::uint8_t { plain, quoted, too_long, end };

    void read_header();
    void check_header(const std::vector<std::string_view>& names) const;
    [[noreturn]] void fail_header(const std::string& problem) const;

    /// Finds the next line that is not empty and notes its number in `row`. A plain one is consumed
    /// and given without its line end; a quoted row is yet to be read, byte by byte.
    Line find_line(std::string_view& line, Row& row);
    void split_plain(std::string_view line, Row& row) const;
    void read_quoted(Row& row);

    /// Consumes the row ahead and leaves its fields in text_ and fields_.
    void read_fields(Row& row);
    /// Reads the field at `at` and answers the place behind it.
    std::size_t read_plain_field(std::size_t at, Row& row);
    std::size_t read_quoted_field(std::size_t at, Row& row);
    /// The line in which the unread byte at `at` stands.
    [[nodiscard]] std::uint64_t line_of(std::size_t at) const;
    /// The byte at `at` of the unread ones, or -1 at the end.
    int byte_at(std::size_t at);
    /// The place behind the line in which `at` stands.
    std::size_t pass_line(std::size_t at, Row& row);

    void store(std::size_t field, std::string_view value, Row& row) const;
    void check_row(std::size_t fields, std::string_view text, Row& row) const;

    ByteWindow& window_;
    std::string name_;
    std::vector<std::string> columns_;
    std::size_t field_count_ = 0;  ///< of the header
    std::size_t appid_field_ = 0;
    std::uint64_t line_ = 1;  ///< where the unread bytes begin

    // The quoted row in hand: its fields' text, unquoted, each with a comma behind it.
    std::string text_;
    std::vector<Field> fields_;
};

}  // namespace dispatcher
