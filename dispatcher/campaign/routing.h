#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "campaign/ids.h"

namespace dispatcher {

/// The chunks of members that `audience.exclude` struck out: closed when they are sealed, leased by
/// nobody, and no index of a gateway.
inline constexpr GatewayNo kExcludedGateway{0xFFFF};

/// Which gateway a recipient goes to: one for all, or by the audience column `platform`.
struct Routing {
    std::vector<std::string> gateways;  ///< names; their index is the GatewayNo
    std::map<std::string, GatewayNo, std::less<>> by_platform;  ///< empty: gateways[0] for all

    [[nodiscard]] std::optional<GatewayNo> gateway_for(std::string_view platform) const {
        if (by_platform.empty()) return GatewayNo{0};
        const auto found = by_platform.find(platform);
        if (found == by_platform.end()) return std::nullopt;
        return found->second;
    }
};

}  // namespace dispatcher
