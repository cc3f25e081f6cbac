#include "cli/operator_identity.h"

#include <array>

#include <pwd.h>
#include <unistd.h>

#include "engine/dispatcher.h"

namespace dispatcher::cli {

Actor this_operator(std::string because) {
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    const bool known =
        getpwuid_r(getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
    const auto user = known ? std::string(entry.pw_name) : "uid-" + std::to_string(getuid());
    return {user + "@" + HostIdentity::of_this_process().host, "command line", std::move(because)};
}

}  // namespace dispatcher::cli
