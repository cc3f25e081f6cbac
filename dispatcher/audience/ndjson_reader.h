#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "audience/byte_window.h"
#include "audience/flat_json.h"
#include "audience/row_reader.h"

namespace dispatcher {

/// Reads NDJSON: a flat JSON object a line. Columns are the keys, in the order in which they first
/// appear. Empty lines are passed over.
class NdjsonReader final : public RowReader {
  public:
    explicit NdjsonReader(ByteWindow& window);

    bool next(Row& row) override;
    [[nodiscard]] const std::vector<std::string>& columns() const override { return columns_; }
    [[nodiscard]] bool has_header() const override { return false; }

  private:
    bool find_line(std::string_view& line, Row& row);
    void read_object(std::string_view line, Row& row);
    /// Where a key's value goes: 0 for the appid, n for column n-1, nothing for a new key. `member`
    /// is its number in the line: most lines have the order of the line before.
    std::optional<std::size_t> find_place(std::string_view key, std::size_t member);
    /// Makes columns of the keys that are new in this line.
    void add_columns();

    ByteWindow& window_;
    std::uint64_t line_ = 1;  ///< where the unread bytes begin
    FlatJson object_;

    std::vector<std::string> columns_;
    std::map<std::string, std::size_t, std::less<>> places_;
    std::vector<std::uint64_t> seen_in_;      ///< by place: the line that had it last
    std::vector<std::size_t> order_;          ///< by member: its place in the line before
    std::vector<std::string_view> new_keys_;  ///< of the line in hand
};

}  // namespace dispatcher
