#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "campaign/ids.h"

namespace dispatcher {

// Payload of a member's record; the key is the appid.
// While it is sorted: line (8 bytes) and what follows. In the spool: gateway (2 bytes), values
// (row_values.h). Numbers in native order: the files do not outlive the process.
//
// An exclusion is sorted with the members, and added before them, so that of equal keys it comes
// first: its line is the number of the part that strikes out, its gateway kExcludedGateway.

inline constexpr std::size_t kLineBytes = sizeof(std::uint64_t);
inline constexpr std::size_t kGatewayBytes = sizeof(std::uint16_t);

inline std::uint64_t line_of(std::string_view sorted_payload) {
    std::uint64_t line = 0;
    std::memcpy(&line, sorted_payload.data(), sizeof line);
    return line;
}

inline std::string_view without_line(std::string_view sorted_payload) {
    return sorted_payload.substr(kLineBytes);
}

inline GatewayNo gateway_of(std::string_view spooled_payload) {
    GatewayNo gateway;
    std::memcpy(&gateway.value, spooled_payload.data(), sizeof gateway.value);
    return gateway;
}

inline std::string_view values_of(std::string_view spooled_payload) {
    return spooled_payload.substr(kGatewayBytes);
}

}  // namespace dispatcher
