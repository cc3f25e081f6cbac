#include "cli/open_files.h"

#include <algorithm>

#include <sys/resource.h>

namespace dispatcher::cli {

void allow_open_files() {
    constexpr rlim_t kEnough = 65'536;
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= kEnough) return;
    files.rlim_cur = std::min(files.rlim_max, kEnough);
    setrlimit(RLIMIT_NOFILE, &files);  // where that is not allowed, connections are refused later
}

}  // namespace dispatcher::cli
