#include "journal/locked_file.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"

namespace dispatcher {
namespace {

constexpr mode_t kFileMode = 0600;

[[noreturn]] void fail(const char* verb, const std::string& path, int error) {
    throw UnavailableError(fmt::format("cannot {} the journal file {}: {}", verb, path,
                                       std::generic_category().message(error)));
}

}  // namespace

std::optional<LockedFile> LockedFile::create(const std::string& path) {
    const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode);
    if (descriptor < 0) {
        if (errno == EEXIST) return std::nullopt;
        fail("create", path, errno);
    }
    LockedFile file(descriptor);
    if (!file.lock(path)) return std::nullopt;
    return file;
}

std::optional<LockedFile> LockedFile::take(const std::string& path) {
    const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) {
        if (errno != ENOENT)
            log(LogLevel::warn, "the journal file {} is left alone, it cannot be opened: {}", path,
                std::generic_category().message(errno));
        return std::nullopt;
    }
    LockedFile file(descriptor);
    if (!file.lock(path)) return std::nullopt;
    return file;
}

LockedFile::~LockedFile() {
    if (descriptor_ >= 0) close(descriptor_);
}

LockedFile::LockedFile(LockedFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

LockedFile& LockedFile::operator=(LockedFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

std::optional<std::string> LockedFile::read(std::size_t bytes_max) const {
    struct stat found {};
    if (fstat(descriptor_, &found) != 0) return std::nullopt;
    const auto size = static_cast<std::size_t>(found.st_size);
    if (size > bytes_max) return std::nullopt;
    std::string bytes(size, '\0');
    std::size_t at = 0;
    while (at < size) {
        const auto got = pread(descriptor_, bytes.data() + at, size - at, static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return std::nullopt;
        at += static_cast<std::size_t>(got);
    }
    return bytes;
}

bool LockedFile::lock(const std::string& path) const {
    while (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return false;
        if (errno != EINTR) fail("lock", path, errno);
    }
    struct stat mine {};
    struct stat named {};
    if (fstat(descriptor_, &mine) != 0) fail("look at", path, errno);
    if (stat(path.c_str(), &named) != 0) {
        if (errno == ENOENT) return false;
        fail("look at", path, errno);
    }
    return mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
}

}  // namespace dispatcher
