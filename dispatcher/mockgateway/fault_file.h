#pragma once

#include <filesystem>

#include "mockgateway/fault_rules.h"

namespace dispatcher::mock {

/// Reads a faults file (YAML, see README.md). Strict: an unknown key or kind, a key that its kind
/// does not take, a repeated key or an impossible value throws ConfigError with file:line:column.
FaultRules read_fault_file(const std::filesystem::path& file);

}  // namespace dispatcher::mock
