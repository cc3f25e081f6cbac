#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "campaign/ids.h"
#include "campaign/token_columns.h"

namespace dispatcher {

/// What the gateways of a campaign ask of device tokens.
struct TokenCheck {
    using Problem = std::function<std::optional<std::string>(GatewayNo, std::string_view token)>;

    TokenCheck() = default;
    /// Tokens that stand in the column `token`.
    template <class Function>
    requires std::is_constructible_v<Problem, Function> TokenCheck(Function check)
        : problem(std::move(check)) {}

    /// What is wrong with a token; nothing if all is well. An empty one is asked about to learn
    /// whether a gateway needs any.
    Problem problem;
    /// By gateway: the columns that make its token. A gateway beyond the end has `token`.
    std::vector<std::vector<std::string>> columns;
    /// Columns whose values are looked up when a recipient's turn comes: rows need not have them.
    std::vector<std::string> looked_up;

    /// Where each gateway's tokens stand in an audience of these columns.
    [[nodiscard]] std::vector<TokenColumns> places_in(const std::vector<std::string>& of_audience,
                                                      std::size_t gateways) const;
};

}  // namespace dispatcher
