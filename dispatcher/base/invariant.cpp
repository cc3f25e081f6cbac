#include "base/invariant.h"

#include <cstdio>
#include <cstdlib>

namespace dispatcher {

void invariant_failed(const char* promise, std::source_location where) {
    std::fprintf(stderr, "pushonce: bug at %s:%u (%s): %s\n", where.file_name(), where.line(),
                 where.function_name(), promise);
    std::abort();
}

}  // namespace dispatcher
