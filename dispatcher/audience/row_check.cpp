#include "audience/row_check.h"

#include <algorithm>

#include <fmt/format.h>
#include <strings.h>

#include "audience/text_check.h"
#include "campaign/names.h"

namespace dispatcher {
namespace {

/// No column at all: beyond every row's values.
constexpr std::size_t kNowhere = kColumnsMax + 1;

std::string_view value_of(const Row& row, std::size_t column) {
    return column < row.values.size() ? row.values[column] : std::string_view();
}

}  // namespace

std::size_t column_index(const std::vector<std::string>& columns, std::string_view name) {
    return static_cast<std::size_t>(std::find(columns.begin(), columns.end(), name) -
                                    columns.begin());
}

RowCheck::RowCheck(const Routing& routing, const TokenCheck& check_token)
    : routing_(routing), check_token_(check_token), platform_column_(kNowhere) {}

void RowCheck::look_at(const std::vector<std::string>& columns) {
    const auto place = [&columns](std::string_view name) {
        const auto index = column_index(columns, name);
        return index < columns.size() ? index : kNowhere;
    };
    tokens_ = check_token_.places_in(columns, routing_.gateways.size());
    platform_column_ = place("platform");
}

std::optional<std::string> RowCheck::header_problem() const {
    if (platform_column_ == kNowhere && !routing_.by_platform.empty())
        return fmt::format(
            "there is no column `platform`, by which the campaign chooses the gateway "
            "(known platforms: {})",
            known_platforms());
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
        if (tokens_[i].missing().empty()) return std::nullopt;
        if (!check_token_.problem(GatewayNo{static_cast<std::uint16_t>(i)}, {}))
            return std::nullopt;
    }
    const auto& missing = tokens_.front().missing();
    return fmt::format("there is no column `{}`, the gateway's address of the device",
                       fmt::join(missing, "`, `"));
}

std::optional<std::string> RowCheck::row_problem(const Row& row, GatewayNo& gateway) {
    const bool is_plain_appid =
        !row.appid.empty() && row.appid.size() <= kAppidBytesMax && is_printable_ascii(row.appid);
    if (!is_plain_appid)
        if (auto problem = appid_problem(row.appid)) return problem;
    const auto platform = value_of(row, platform_column_);
    const auto route = routing_.gateway_for(platform);
    if (!route) return platform_problem(platform);
    gateway = *route;
    return check_token_.problem(gateway, tokens_[gateway.value].token_of(row.values));
}

// The value itself is not repeated: where columns have slipped it is a token or a name.
std::string RowCheck::platform_problem(std::string_view platform) const {
    for (const auto& [known, gateway] : routing_.by_platform)
        if (known.size() == platform.size() &&
            strncasecmp(known.data(), platform.data(), known.size()) == 0)
            return fmt::format("the platform must be written `{}`, upper and lower case count",
                               known);
    return fmt::format("{}; known platforms: {}",
                       platform.empty() ? "has no platform" : "its platform has no gateway",
                       known_platforms());
}

std::string RowCheck::known_platforms() const {
    std::string names;
    for (const auto& [platform, gateway] : routing_.by_platform)
        names += (names.empty() ? "" : ", ") + platform;
    return names;
}

}  // namespace dispatcher
