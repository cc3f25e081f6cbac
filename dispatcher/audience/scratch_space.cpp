#include "audience/scratch_space.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "base/invariant.h"

namespace dispatcher {
namespace {

constexpr double kMebibyte = 1024.0 * 1024.0;

std::string in_mebibytes(std::uint64_t bytes) {
    return fmt::format("{:.0f} MiB", static_cast<double>(bytes) / kMebibyte + 0.5);
}

bool is_lack_of_space(int error) {
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

/// A file that never has a name where the file system can do that, else one whose name is removed
/// at once.
int open_nameless(const std::string& dir) {
    const int fd = open(dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return fd;
    std::string name = dir + "/pushonce-audience-XXXXXX";
    const int named = mkostemp(name.data(), O_CLOEXEC);
    if (named >= 0) unlink(name.c_str());
    return named;
}

}  // namespace

ScratchSpace::ScratchSpace(std::string dir) : dir_(std::move(dir)) {
    if (!dir_.empty()) return;
    const char* tmpdir = std::getenv("TMPDIR");
    dir_ = tmpdir != nullptr && *tmpdir != '\0' ? tmpdir : "/tmp";
}

void ScratchSpace::fail(const char* action, int error) const {
    if (!is_lack_of_space(error))
        throw UnavailableError(
            fmt::format("cannot {} a scratch file for sorting the audience in {}: {}", action, dir_,
                        std::strerror(error)));
    const auto needed = expected_ > used_
                            ? "about " + in_mebibytes(expected_) + " are needed in all"
                            : std::string("more is needed");
    throw UnavailableError(fmt::format(
        "no space left in {} while sorting the audience: its scratch files take {} there "
        "and {}; free some space, or set TMPDIR to a directory that has more ({})",
        dir_, in_mebibytes(used_), needed, std::strerror(error)));
}

ScratchFile::ScratchFile(ScratchSpace& space) : space_(&space), fd_(open_nameless(space.dir())) {
    if (fd_ < 0) space_->fail("make", errno);
}

ScratchFile::~ScratchFile() {
    if (fd_ < 0) return;
    close(fd_);
    space_->used_ -= size_ - given_back_;
}

ScratchFile::ScratchFile(ScratchFile&& other) noexcept
    : space_(other.space_),
      fd_(std::exchange(other.fd_, -1)),
      size_(std::exchange(other.size_, 0)),
      given_back_(std::exchange(other.given_back_, 0)) {}

ScratchFile& ScratchFile::operator=(ScratchFile&& other) noexcept {
    std::swap(space_, other.space_);
    std::swap(fd_, other.fd_);
    std::swap(size_, other.size_);
    std::swap(given_back_, other.given_back_);
    return *this;
}

std::uint64_t ScratchFile::append(std::string_view bytes) {
    const auto offset = size_;
    while (!bytes.empty()) {
        const auto written = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) space_->fail("write", errno);
        bytes.remove_prefix(static_cast<std::size_t>(written));
        size_ += static_cast<std::uint64_t>(written);
        space_->used_ += static_cast<std::uint64_t>(written);
    }
    return offset;
}

void ScratchFile::read_at(std::uint64_t offset, char* out, std::size_t count) const {
    invariant(offset + count <= size_, "only what was written to a scratch file is read");
    while (count > 0) {
        const auto got = pread(fd_, out, count, static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) space_->fail("read", got == 0 ? EIO : errno);
        out += got;
        offset += static_cast<std::uint64_t>(got);
        count -= static_cast<std::size_t>(got);
    }
}

void ScratchFile::give_back(std::uint64_t offset, std::uint64_t count) {
    const int answer = fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                 static_cast<off_t>(offset), static_cast<off_t>(count));
    if (answer != 0) return;  // only space is lost by that, until the file is closed
    given_back_ += count;
    space_->used_ -= count;
}

}  // namespace dispatcher
