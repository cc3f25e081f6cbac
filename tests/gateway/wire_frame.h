#pragma once

#include <cstdint>
#include <string>

namespace dispatcher::test {

/// Frames as RFC 9113 §6 lays them out, for what no library would send.
std::string goaway_frame(std::int32_t last_id);
std::string reset_frame(std::int32_t stream, std::uint32_t code);

}  // namespace dispatcher::test
