#include "cli/standard_streams.h"

#include <cerrno>
#include <ostream>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/error.h"

namespace dispatcher::cli {
void guard_standard_streams() {
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
        // The lowest free number is the one that is missing.
        (void)open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);  // `ulimit -f`: a file that may grow no more is an error to be told
}

void check_results(std::ostream& out) {
    out.flush();
    if (!out)
        throw UnavailableError(
            "standard output took only a part of the result: its reader ended, or the disk is "
            "full");
}

}  // namespace dispatcher::cli
