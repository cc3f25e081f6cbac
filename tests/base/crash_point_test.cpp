#include "base/crash_point.h"

#include <csignal>
#include <cstdlib>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include "support/catch.h"

namespace {

/// Runs the test below in a process of its own, with CRASH_AT set; answers waitpid's status.
int run_with(const char* crash_at) {
    const auto child = ::fork();
    if (child == 0) {
        ::setenv("CRASH_AT", crash_at, 1);
        ::execl("/proc/self/exe", "base_test", "-o", "/dev/null",
                "a crash point nobody named is passed unharmed", static_cast<char*>(nullptr));
        ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

bool was_killed(int status) {
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

}  // namespace

TEST_CASE("a crash point nobody named is passed unharmed", "[unit]") {
    for (int hit = 1; hit <= 3; ++hit) {
        dispatcher::crash_point("here");
        CHECK(hit <= 3);
    }
}

TEST_CASE("a named crash point kills the process at the hit it was told", "[process]") {
    CHECK(was_killed(run_with("here")));
    CHECK(was_killed(run_with("here:3")));
}

TEST_CASE("other names, and hits that never come, kill nobody", "[process]") {
    for (const auto* crash_at : {"there", "here:4", "her", "here2", ""}) {
        const auto status = run_with(crash_at);
        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 0);
    }
}
