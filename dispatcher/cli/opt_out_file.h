#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace dispatcher::cli {

/// Reads the appids of an opt-out list: .csv with a column `appid`, .ndjson, or plain lines with an
/// appid each; also packed as .gz or .zst, or from stdin ("-"). Throws ConfigError with the line of
/// the first row that has no valid appid.
void read_opt_out_file(const std::string& path,
                       const std::function<void(std::string_view appid)>& visit);

}  // namespace dispatcher::cli
