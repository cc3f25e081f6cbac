#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dispatcher {

/// The directory in which an audience is sorted, and what is used and needed there. Outlives its
/// files. One thread.
class ScratchSpace {
  public:
    /// An empty `dir` means $TMPDIR, or /tmp.
    explicit ScratchSpace(std::string dir);

    [[nodiscard]] const std::string& dir() const { return dir_; }
    /// Bytes that all files together are likely to need: for the message about a full disk.
    void expect(std::uint64_t bytes) { expected_ = bytes; }

  private:
    friend class ScratchFile;
    [[noreturn]] void fail(const char* action, int error) const;

    std::string dir_;
    std::uint64_t used_ = 0;
    std::uint64_t expected_ = 0;
};

/// A file without a name: it vanishes when it is closed, also by a crash. Throws UnavailableError
/// for a full disk and every other refusal of the system.
class ScratchFile {
  public:
    explicit ScratchFile(ScratchSpace& space);
    ~ScratchFile();
    ScratchFile(ScratchFile&& other) noexcept;
    ScratchFile& operator=(ScratchFile&& other) noexcept;

    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// Appends and answers the offset of the first byte.
    std::uint64_t append(std::string_view bytes);
    /// Reads exactly `count` bytes, all of which must have been written.
    void read_at(std::uint64_t offset, char* out, std::size_t count) const;
    /// Gives the space of a part back where the file system can do that; it must not be read again.
    void give_back(std::uint64_t offset, std::uint64_t count);

  private:
    ScratchSpace* space_;
    int fd_ = -1;
    std::uint64_t size_ = 0;
    std::uint64_t given_back_ = 0;
};

}  // namespace dispatcher
