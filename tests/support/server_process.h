#pragma once

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace dispatcher::test {

/// A child process that runs as a server until it is stopped. Dies with the test program.
class ServerProcess {
  public:
    /// Starts it and waits until its output holds `ready`. Throws std::runtime_error with its last
    /// output if it ends before, or cannot be started.
    ServerProcess(const std::vector<std::string>& command, const std::string& ready);
    /// Stops it, by its id, and waits for its end.
    ~ServerProcess();
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;

    /// kill -9, and waits for its end.
    void kill_hard();
    [[nodiscard]] pid_t id() const { return id_; }

    /// Runs a command to its end. Throws std::runtime_error with its last output if that is not 0.
    static void run(const std::vector<std::string>& command);

  private:
    void end(int signal);

    pid_t id_ = -1;
    int output_ = -1;
    std::thread drain_;  ///< reads on, so that the server never waits for us
};

/// A TCP port of 127.0.0.1 that nobody listens on now.
std::uint16_t free_port();

}  // namespace dispatcher::test
