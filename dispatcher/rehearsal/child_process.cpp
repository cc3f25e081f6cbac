#include "rehearsal/child_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/loopback_only.h"
#include "rehearsal/network_room.h"

namespace dispatcher {
namespace {

using std::chrono::milliseconds;

/// Between two looks at a child's memory.
constexpr milliseconds kLookEvery{10};
/// What a child that was asked to end is given for it.
constexpr milliseconds kStopPatience{10'000};
constexpr int kExecFailed = 127;
constexpr const char* kThisProgram = "/proc/self/exe";

std::string_view name_of(std::string_view variable) {
    return variable.substr(0, variable.find('='));
}

std::vector<std::string> environment_with(const std::vector<std::string>& changes) {
    std::vector<std::string> result;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const bool is_changed =
            std::any_of(changes.begin(), changes.end(),
                        [&](const auto& change) { return name_of(change) == name_of(*entry); });
        if (!is_changed) result.emplace_back(*entry);
    }
    for (const auto& change : changes)
        if (change.find('=') != std::string::npos) result.push_back(change);
    return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (auto& text : texts)
        pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

/// Everything that the child needs between fork() and execve(), where it must not allocate.
struct Launch {
    std::vector<char*> arguments;
    std::vector<char*> environment;
    int out = -1;
    int err = -1;
    int failed = -1;  ///< takes a byte if the program cannot be run; closed when it runs
    pid_t parent = 0;
    const NetworkRoom* room = nullptr;
};

[[noreturn]] void give_up(const Launch& launch) {
    (void)!write(launch.failed, "!", 1);
    _exit(kExecFailed);
}

[[noreturn]] void become(const Launch& launch) {
    launch.room->enter();
    // After entering, which may change who this process is: that would take the wish back.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != launch.parent) _exit(kExecFailed);
    setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(launch.out, STDOUT_FILENO) < 0 ||
        dup2(launch.err, STDERR_FILENO) < 0)
        give_up(launch);
    execve(kThisProgram, launch.arguments.data(), launch.environment.data());
    give_up(launch);
}

/// A descriptor that closes itself.
class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() { shut(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const { return fd_; }
    void shut() {
        if (fd_ >= 0) close(fd_);
        fd_ = -1;
    }

  private:
    int fd_;
};

int open_output(const std::string& path) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) throw UnavailableError(fmt::format("{}: {}", path, std::strerror(errno)));
    return fd;
}

/// Waits until the child runs the program; answers false if it cannot.
bool runs(int failed) {
    char byte = 0;
    ssize_t count = 0;
    do
        count = read(failed, &byte, 1);
    while (count < 0 && errno == EINTR);
    return count == 0;
}

}  // namespace

ChildProcess::ChildProcess(const ChildOptions& options) {
    auto arguments = options.arguments;
    arguments.insert(arguments.begin(), "pushonce");
    auto changes = options.environment;
    changes.push_back(std::string(kLoopbackOnlyVariable) + "=1");
    auto environment = environment_with(changes);
    const Descriptor out(open_output(options.out_file));
    const Descriptor err(open_output(options.err_file));
    std::array<int, 2> ends{-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
        throw UnavailableError(fmt::format("no pipe can be had: {}", std::strerror(errno)));
    const Descriptor reads(ends[0]);
    Descriptor writes(ends[1]);
    const NetworkRoom room(options.network_of);
    const Launch launch{pointers_to(arguments),
                        pointers_to(environment),
                        out.get(),
                        err.get(),
                        writes.get(),
                        getpid(),
                        &room};
    pid_ = fork();
    if (pid_ == 0) become(launch);
    if (pid_ < 0)
        throw UnavailableError(fmt::format("no process can be started: {}", std::strerror(errno)));
    writes.shut();
    ended_fd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    if (ended_fd_ >= 0 && runs(reads.get())) return;
    kill(pid_, SIGKILL);
    reap();
    if (ended_fd_ >= 0) close(ended_fd_);
    throw UnavailableError("this program cannot be started as a child of itself");
}

ChildProcess::~ChildProcess() {
    if (!status_) {
        kill(pid_, SIGKILL);
        reap();
    }
    close(ended_fd_);
}

bool ChildProcess::wait(milliseconds longest, const std::vector<int>& others) {
    std::vector<pollfd> waited = {{ended_fd_, POLLIN, 0}};
    for (const int other : others)
        waited.push_back({other, POLLIN, 0});
    while (!status_ && longest.count() >= 0) {
        observe();
        const auto step = std::min(longest, kLookEvery);
        longest -= std::max(step, milliseconds{1});
        if (poll(waited.data(), waited.size(), static_cast<int>(step.count())) < 0) continue;
        if (waited[0].revents != 0) reap();
        const bool is_called = std::any_of(waited.begin() + 1, waited.end(),
                                           [](const auto& other) { return other.revents != 0; });
        if (is_called) break;
    }
    return status_.has_value();
}

void ChildProcess::stop() {
    if (status_) return;
    kill(pid_, SIGTERM);
    if (wait(kStopPatience, {})) return;
    kill(pid_, SIGKILL);
    reap();
}

void ChildProcess::reap() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    status_ = status;
}

std::optional<int> ChildProcess::exit_code() const {
    if (!status_ || !WIFEXITED(*status_)) return std::nullopt;
    return WEXITSTATUS(*status_);
}

int ChildProcess::signal() const {
    return status_ && WIFSIGNALED(*status_) ? WTERMSIG(*status_) : 0;
}

void ChildProcess::observe() {
    constexpr std::string_view kPeak = "VmHWM:";
    constexpr std::uint64_t kKilobyte = 1024;
    std::ifstream status(fmt::format("/proc/{}/status", pid_));
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(kPeak))
            peak_bytes_ = std::max<std::uint64_t>(
                peak_bytes_, kKilobyte * std::strtoull(line.c_str() + kPeak.size(), nullptr, 10));
}

bool ChildProcess::is_isolated() const {
    return NetworkRoom::is_another(pid_);
}

bool is_readable(int fd) {
    pollfd asked{fd, POLLIN, 0};
    return poll(&asked, 1, 0) > 0;
}

}  // namespace dispatcher
