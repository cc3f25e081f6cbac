#include "source/source_options.h"

#include <fmt/format.h>

namespace dispatcher {

std::string too_slow(const SourceOptions& source) {
    return fmt::format("the query took longer than {} ms: give {} more, or make it faster",
                       source.timeout.count(), source.timeout_key);
}

}  // namespace dispatcher
