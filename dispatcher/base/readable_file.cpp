#include "base/readable_file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dispatcher {

std::string reading_problem(const std::string& path) {
    struct stat found {};
    if (stat(path.c_str(), &found) != 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? "no such file"
                   : std::string("cannot be read: ") + std::strerror(errno);
    if (S_ISDIR(found.st_mode)) return "is a folder, not a file";
    if (!S_ISREG(found.st_mode)) return "is no regular file, but a pipe, a socket or a device";
    // Should a pipe take its place in this moment, opening it must not wait either.
    const int descriptor = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return std::string("cannot be read: ") + std::strerror(errno);
    close(descriptor);
    return {};
}

}  // namespace dispatcher
