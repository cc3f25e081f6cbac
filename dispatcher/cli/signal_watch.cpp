#include "cli/signal_watch.h"

#include <array>
#include <cerrno>

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/invariant.h"
#include "cli/invocation.h"

namespace dispatcher::cli {
namespace {

sigset_t watched_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    // Under nohup the end of the terminal is nothing to us.
    struct sigaction found {};
    if (sigaction(SIGHUP, nullptr, &found) == 0 && found.sa_handler != SIG_IGN)
        sigaddset(&signals, SIGHUP);
    return signals;
}

void raise_event(int fd) {
    const std::uint64_t one = 1;
    const auto written = write(fd, &one, sizeof one);
    invariant(written == sizeof one, "an event descriptor takes an event");
}

}  // namespace

SignalWatch::SignalWatch() : stop_fd_(eventfd(0, EFD_CLOEXEC)), end_fd_(eventfd(0, EFD_CLOEXEC)) {
    const auto signals = watched_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal_fd_ = signalfd(-1, &signals, SFD_CLOEXEC);
    if (stop_fd_ < 0 || end_fd_ < 0 || signal_fd_ < 0)
        throw UnavailableError("no descriptor for signals can be had: too many open files");
    thread_ = std::jthread([this] { watch(); });
}

SignalWatch::~SignalWatch() {
    raise_event(end_fd_);
    thread_.join();
    close(signal_fd_);
    close(end_fd_);
    close(stop_fd_);
    const auto signals = watched_signals();
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void SignalWatch::check() const {
    if (is_stopped()) throw UnavailableError("interrupted");
}

bool SignalWatch::wait_for(std::chrono::milliseconds duration) {
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, stop_.get_token(), duration, [] { return false; });
    return is_stopped();
}

void SignalWatch::watch() {
    std::array<pollfd, 2> waited = {pollfd{signal_fd_, POLLIN, 0}, pollfd{end_fd_, POLLIN, 0}};
    for (;;) {
        if (poll(waited.data(), waited.size(), -1) < 0 && errno == EINTR) continue;
        if (waited[1].revents != 0) return;
        signalfd_siginfo received{};
        if (read(signal_fd_, &received, sizeof received) != sizeof received) continue;
        // The end of a terminal is told by its shell and by the kernel: nobody is in a hurry.
        if (is_stopped() && received.ssi_signo == SIGHUP) continue;
        if (is_stopped()) _exit(kExitUnavailable);
        raise_event(stop_fd_);
        stop_.request_stop();
    }
}

}  // namespace dispatcher::cli
