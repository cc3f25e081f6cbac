#include "support/server_process.h"

#include <array>
#include <csignal>
#include <stdexcept>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dispatcher::test {
namespace {

constexpr std::size_t kOutputKept = 8192;

struct Child {
    pid_t id;
    int output;
};

/// Starts the command; both its outputs come through one pipe.
Child spawn(const std::vector<std::string>& command) {
    std::vector<char*> arguments;
    for (const auto& argument : command)
        arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe can be made");
    const auto parent = ::getpid();
    const auto id = ::fork();
    if (id == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(127);
        ::dup2(pipe[1], STDOUT_FILENO);
        ::dup2(pipe[1], STDERR_FILENO);
        ::execvp(arguments[0], arguments.data());
        ::_exit(127);
    }
    ::close(pipe[1]);
    if (id < 0) throw std::runtime_error("no process can be started");
    return {id, pipe[0]};
}

/// Appends what comes next; answers false at the end.
bool read_more(int output, std::string& text) {
    std::array<char, 4096> buffer{};
    const auto size = ::read(output, buffer.data(), buffer.size());
    if (size <= 0) return false;
    text.append(buffer.data(), static_cast<std::size_t>(size));
    if (text.size() > 2 * kOutputKept) text.erase(0, text.size() - kOutputKept);
    return true;
}

[[noreturn]] void fail(const std::vector<std::string>& command, const std::string& output) {
    throw std::runtime_error(command.front() + " failed (is it installed?): " + output);
}

}  // namespace

ServerProcess::ServerProcess(const std::vector<std::string>& command, const std::string& ready) {
    const auto child = spawn(command);
    id_ = child.id;
    output_ = child.output;
    std::string text;
    while (text.find(ready) == text.npos) {
        if (read_more(output_, text)) continue;
        end(SIGKILL);
        fail(command, text);
    }
    drain_ = std::thread([output = output_] {
        std::string ignored;
        while (read_more(output, ignored)) {
        }
    });
}

ServerProcess::~ServerProcess() {
    end(SIGTERM);
}

void ServerProcess::kill_hard() {
    end(SIGKILL);
}

void ServerProcess::end(int signal) {
    if (id_ > 0) {
        ::kill(id_, signal);
        ::waitpid(id_, nullptr, 0);
        id_ = -1;
    }
    if (drain_.joinable()) drain_.join();
    if (output_ >= 0) ::close(output_);
    output_ = -1;
}

void ServerProcess::run(const std::vector<std::string>& command) {
    const auto child = spawn(command);
    std::string text;
    while (read_more(child.output, text)) {
    }
    ::close(child.output);
    int status = 0;
    ::waitpid(child.id, &status, 0);
    if (status != 0) fail(command, text);
}

std::uint16_t free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    const bool is_bound =
        ::bind(socket, generic, size) == 0 && ::getsockname(socket, generic, &size) == 0;
    ::close(socket);
    if (!is_bound) throw std::runtime_error("no port of 127.0.0.1 is free");
    return ntohs(address.sin_port);
}

}  // namespace dispatcher::test
