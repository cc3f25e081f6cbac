#pragma once

#include <optional>
#include <string>

#include "audience/audience.h"
#include "audience/row_reader.h"

namespace dispatcher {

/// Judges rows that are sound in form: appid, platform, device token, time zone. Its words never
/// quote a token or another value, which may be personal.
class RowCheck {
  public:
    RowCheck(const Routing& routing, const TokenCheck& check_token, bool needs_timezone = false);

    /// Where device tokens, `platform` and `timezone` stand; to be called again when columns have
    /// been added.
    void look_at(const std::vector<std::string>& columns);
    /// What no row can mend if these are all the columns; nothing if all is well.
    [[nodiscard]] std::optional<std::string> header_problem() const;
    /// What is wrong with the row; else `gateway` tells where it goes.
    [[nodiscard]] std::optional<std::string> row_problem(const Row& row, GatewayNo& gateway);

  private:
    [[nodiscard]] std::string platform_problem(std::string_view platform) const;
    [[nodiscard]] std::string known_platforms() const;
    [[nodiscard]] static std::optional<std::string> timezone_problem(std::string_view timezone);

    const Routing& routing_;
    const TokenCheck& check_token_;
    const bool needs_timezone_;
    std::vector<TokenColumns> tokens_;  ///< by gateway
    std::size_t platform_column_;
    std::size_t timezone_column_;
};

/// Index of a column by name; columns.size() if there is none.
std::size_t column_index(const std::vector<std::string>& columns, std::string_view name);

}  // namespace dispatcher
