#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dispatcher {

/// The name of a file system on which a flock does not prove that the owner is dead, because
/// another host may use the same file, by the `f_type` of statfs(2); nothing for local ones.
std::optional<std::string_view> network_file_system(std::uint64_t f_type);

}  // namespace dispatcher
