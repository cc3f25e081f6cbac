#pragma once

#include <source_location>

namespace dispatcher {

/// Prints the promise and its place to stderr, then aborts: a bug of ours. The journal and the
/// store make an abort as safe as any other crash.
[[noreturn]] void invariant_failed(const char* promise, std::source_location where);

/// Checks a promise that only a bug can break; on in every build.
inline void invariant(bool holds, const char* promise,
                      std::source_location where = std::source_location::current()) {
    if (!holds) [[unlikely]]
        invariant_failed(promise, where);
}

}  // namespace dispatcher
