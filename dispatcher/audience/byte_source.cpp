#include "audience/byte_source.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audience/gzip_source.h"
#include "audience/zstd_source.h"
#include "base/error.h"

namespace dispatcher {
namespace {

/// A file, a pipe or stdin, as it is.
class FileSource final : public ByteSource {
  public:
    explicit FileSource(const std::string& path)
        : name_(source_name(path)),
          owned_(path != "-"),
          fd_(owned_ ? open(path.c_str(), O_RDONLY | O_CLOEXEC) : STDIN_FILENO) {
        if (fd_ < 0)
            throw ConfigError(name_, fmt::format("cannot be opened: {}", std::strerror(errno)));
    }
    ~FileSource() override {
        if (owned_) close(fd_);
    }
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;

    /// Apart from the constructor, so that the destructor closes what is refused here.
    void look() {
        struct stat info {};
        if (fstat(fd_, &info) != 0)
            throw UnavailableError(fmt::format("cannot read {}: {}", name_, std::strerror(errno)));
        if (S_ISDIR(info.st_mode))
            throw ConfigError(name_, "is a directory; give a .csv or .ndjson file (or .gz, .zst)");
        if (!S_ISREG(info.st_mode)) return;
        size_ = static_cast<std::uint64_t>(info.st_size);
        posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
    }

    std::size_t read(char* out, std::size_t capacity) override {
        for (;;) {
            const auto got = ::read(fd_, out, capacity);
            if (got >= 0) return static_cast<std::size_t>(got);
            if (errno != EINTR)
                throw UnavailableError(
                    fmt::format("cannot read {}: {}", name_, std::strerror(errno)));
        }
    }
    [[nodiscard]] std::optional<std::uint64_t> expected_bytes() const override { return size_; }

  private:
    std::string name_;
    bool owned_;
    int fd_;
    std::optional<std::uint64_t> size_;
};

}  // namespace

std::string source_name(const std::string& path) {
    return path == "-" ? "stdin" : path;
}

std::unique_ptr<ByteSource> open_byte_source(const std::string& path) {
    auto file = std::make_unique<FileSource>(path);
    file->look();
    if (path.ends_with(".gz")) return std::make_unique<GzipSource>(std::move(file), path);
    if (path.ends_with(".zst")) return std::make_unique<ZstdSource>(std::move(file), path);
    return file;
}

}  // namespace dispatcher
