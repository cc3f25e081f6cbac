#include "rehearsal/network_room.h"

#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dispatcher {
namespace {

std::string namespace_of(const std::string& process, const char* kind) {
    std::error_code ignored;
    return std::filesystem::read_symlink(fmt::format("/proc/{}/ns/{}", process, kind), ignored)
        .string();
}

bool is_other(pid_t process, const char* kind) {
    const auto theirs = namespace_of(fmt::to_string(process), kind);
    return !theirs.empty() && theirs != namespace_of("self", kind);
}

int open_namespace(pid_t process, const char* kind) {
    if (!is_other(process, kind)) return -1;
    return open(fmt::format("/proc/{}/ns/{}", process, kind).c_str(), O_RDONLY | O_CLOEXEC);
}

void tell(const char* file, const char* text, std::size_t bytes) {
    const int fd = open(file, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    // A map that is refused leaves nobody's id, which can still read and write what is ours.
    (void)!write(fd, text, bytes);
    close(fd);
}

void raise_loopback() {
    const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq device{};
    std::memcpy(device.ifr_name, "lo", sizeof "lo");
    device.ifr_flags = IFF_UP | IFF_RUNNING;
    ioctl(any, SIOCSIFFLAGS, &device);
    close(any);
}

}  // namespace

NetworkRoom::NetworkRoom(pid_t network_of)
    : enters_(network_of != 0),
      user_map_(fmt::format("{0} {0} 1", geteuid())),
      group_map_(fmt::format("{0} {0} 1", getegid())) {
    if (!enters_) return;
    users_ = open_namespace(network_of, "user");
    network_ = open_namespace(network_of, "net");
}

NetworkRoom::~NetworkRoom() {
    if (users_ >= 0) close(users_);
    if (network_ >= 0) close(network_);
}

void NetworkRoom::enter() const {
    if (!enters_) return make();
    if (users_ >= 0) setns(users_, CLONE_NEWUSER);
    if (network_ >= 0) setns(network_, CLONE_NEWNET);
}

void NetworkRoom::make() const {
    if (unshare(CLONE_NEWNET) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return;
        constexpr char kDeny[] = "deny";
        tell("/proc/self/setgroups", kDeny, sizeof kDeny - 1);
        tell("/proc/self/uid_map", user_map_.data(), user_map_.size());
        tell("/proc/self/gid_map", group_map_.data(), group_map_.size());
    }
    raise_loopback();
}

bool NetworkRoom::is_another(pid_t process) {
    return is_other(process, "net");
}

}  // namespace dispatcher
