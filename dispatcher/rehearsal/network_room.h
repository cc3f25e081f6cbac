#pragma once

#include <string>

#include <sys/types.h>

namespace dispatcher {

/// A network that has a loopback device and nothing else: the kernel's own promise that whoever is
/// in it reaches nothing beyond. Prepared by the parent, entered by its child between fork() and
/// execve().
class NetworkRoom {
  public:
    /// `network_of`: enter where this process lives; 0: make a new one.
    explicit NetworkRoom(pid_t network_of);
    ~NetworkRoom();
    NetworkRoom(const NetworkRoom&) = delete;
    NetworkRoom& operator=(const NetworkRoom&) = delete;

    /// Where the kernel does not allow it, the process stays where it is. Allocates nothing.
    void enter() const;

    /// Whether that process lives in another network than this one.
    static bool is_another(pid_t process);

  private:
    void make() const;

    int network_ = -1;  ///< to be entered; -1: a new one is made
    int users_ = -1;    ///< who owns it, where that is another user namespace than ours
    bool enters_ = false;
    std::string user_map_;
    std::string group_map_;
};

}  // namespace dispatcher
