#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace dispatcher {

/// How a child is started: this same program with other arguments.
struct ChildOptions {
    std::vector<std::string> arguments;
    /// NAME=VALUE, beside the environment of this process; a NAME alone is taken out of it.
    std::vector<std::string> environment;
    std::string out_file;  ///< where its standard output goes; its standard error beside it
    std::string err_file;
    /// Lives in the network of this other child; 0: in a new one that has a loopback device and
    /// nothing else, where the kernel allows it.
    pid_t network_of = 0;
};

/// A child process that ends no later than its parent: killed with it, however that dies, and with
/// this object. In a process group of its own, so that Ctrl-C is its parent's to handle. Make it on
/// the thread that lives longest. One thread.
class ChildProcess {
  public:
    /// Throws UnavailableError if no process can be had.
    explicit ChildProcess(const ChildOptions& options);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }
    /// Becomes readable when it has ended.
    [[nodiscard]] int ended_fd() const { return ended_fd_; }
    /// Waits until it has ended, or so long, or until one of `others` is readable; answers whether
    /// it has ended.
    bool wait(std::chrono::milliseconds longest, const std::vector<int>& others);
    /// Asks it to end, insists after a while, and waits.
    void stop();

    /// After its end: the exit code, or nothing if a signal ended it.
    [[nodiscard]] std::optional<int> exit_code() const;
    /// After its end: the signal, or 0.
    [[nodiscard]] int signal() const;
    /// The most memory that it was seen to hold, in bytes; looked at while it is waited for.
    [[nodiscard]] std::uint64_t peak_bytes() const { return peak_bytes_; }
    /// Whether it lives in another network than this process.
    [[nodiscard]] bool is_isolated() const;

  private:
    void observe();
    void reap();

    pid_t pid_ = -1;
    int ended_fd_ = -1;
    std::optional<int> status_;  ///< as waitpid() tells it
    std::uint64_t peak_bytes_ = 0;
};

/// Whether a descriptor can be read now without waiting.
bool is_readable(int fd);

}  // namespace dispatcher
