#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "cli/rehearsal_result.h"

namespace dispatcher::cli {

/// What a rehearsal found, for people: some lines, the verdict last.
std::string rehearsal_text(const RehearsalResult& result);
nlohmann::ordered_json rehearsal_view(const RehearsalResult& result);

}  // namespace dispatcher::cli
