#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "journal/file_journal_directory.h"

namespace dispatcher {

inline constexpr IncarnationId kOwner{0x0badcafe};
inline constexpr std::string_view kStoreId = "0123456789abcdef";

/// A directory of its own, removed at the end.
class ScratchDirectory {
  public:
    ScratchDirectory();
    ~ScratchDirectory();
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string journal_of(IncarnationId incarnation) const;
    /// Names of all files, sorted.
    [[nodiscard]] std::vector<std::string> files() const;

  private:
    std::string path_;
};

/// A process that runs `body` and ends; killed and reaped with the object.
class ChildProcess {
  public:
    explicit ChildProcess(const std::function<void()>& body);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    void signal(int number) const;
    /// Until it is stopped by a signal.
    void wait_until_stopped() const;
    /// Until it ended; answers its wait status.
    int wait();

  private:
    int pid_ = -1;
};

/// Both ends of a pipe.
class Pipe {
  public:
    Pipe();
    ~Pipe();
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    void write(const void* bytes, std::size_t size) const;
    /// False at the end of the stream.
    bool read(void* bytes, std::size_t size) const;
    /// Lets read() see the end once all other writers are gone.
    void close_writer();
    [[nodiscard]] int reader() const { return ends_[0]; }
    [[nodiscard]] int writer() const { return ends_[1]; }

  private:
    int ends_[2] = {-1, -1};
};

/// The `number`-th batch of `owner`: `rows` appids that all differ from those of other batches.
BatchRecord make_record(std::uint32_t number, std::size_t rows, IncarnationId owner = kOwner);

std::string read_bytes(const std::string& path);
void write_bytes(const std::string& path, const std::string& bytes);

}  // namespace dispatcher
