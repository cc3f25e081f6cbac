#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace dispatcher {

/// An open file under an exclusive flock: the proof that no other process uses it. The descriptor
/// is O_CLOEXEC, so that a program started by its owner does not keep the lock. Closing it gives
/// the lock back. Movable; one thread at a time.
class LockedFile {
  public:
    /// Makes a new file (0600) and locks it. Nothing if the name is taken, or if somebody who
    /// clears away what dead processes left was faster. Throws UnavailableError.
    static std::optional<LockedFile> create(const std::string& path);
    /// Opens and locks an existing file. Nothing if it is gone, somebody holds its lock (were he
    /// stopped for hours), or it may not be opened (logged): none of these proves its owner dead.
    /// Throws UnavailableError if locking itself fails.
    static std::optional<LockedFile> take(const std::string& path);

    ~LockedFile();
    LockedFile(LockedFile&& other) noexcept;
    LockedFile& operator=(LockedFile&& other) noexcept;

    [[nodiscard]] int descriptor() const { return descriptor_; }
    /// The whole file. Nothing if it cannot be read to its end, or is larger than `bytes_max`.
    [[nodiscard]] std::optional<std::string> read(std::size_t bytes_max) const;

  private:
    explicit LockedFile(int descriptor) : descriptor_(descriptor) {}
    /// Locks the descriptor and makes sure that `path` still means this very file: it may have
    /// been removed between the opening and the locking.
    [[nodiscard]] bool lock(const std::string& path) const;
    int descriptor_;
};

}  // namespace dispatcher
