#pragma once

#include <string_view>

namespace dispatcher {

/// A named step at which a test may kill this process: with CRASH_AT=name or CRASH_AT=name:hit in
/// the environment the hit-th call (default: the first) raises SIGKILL. Costs one load otherwise;
/// compiled in always, so that what is tested is what runs. Thread-safe.
void crash_point(std::string_view name);

}  // namespace dispatcher
