#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dispatcher {

/// Where the device token of one gateway stands in the rows of an audience: in the column `token`,
/// or in several columns, whose values joined by single spaces are the token. The first of them
/// alone tells devices apart. One thread.
class TokenColumns {
  public:
    /// `names`: what the gateway calls its columns; `columns`: those of the audience.
    TokenColumns(std::vector<std::string> names, const std::vector<std::string>& columns);

    /// The names that are no columns of the audience.
    [[nodiscard]] const std::vector<std::string>& missing() const { return missing_; }
    /// Index of the column that tells devices apart; columns.size() if it is missing.
    [[nodiscard]] std::size_t identity() const { return places_.front(); }
    /// The token of a row, which may be shorter: empty values. Views into `values`, or into this
    /// until the next call.
    std::string_view token_of(const std::vector<std::string_view>& values);

  private:
    std::vector<std::size_t> places_;
    std::vector<std::string> missing_;
    std::string joined_;
};

}  // namespace dispatcher
