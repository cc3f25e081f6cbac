#include "base/readable_file.h"

#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

#include "support/catch.h"
#include "support/temporary_folder.h"

namespace dispatcher {

TEST_CASE("only a regular file that may be opened can be read, and nobody waits", "[unit]") {
    const test::TemporaryFolder folder;
    const auto path = [&](const char* name) {
        return (std::filesystem::path(folder.path()) / name).string();
    };
    std::ofstream(path("file")) << "x";
    CHECK(reading_problem(path("file")).empty());
    std::filesystem::create_symlink(path("file"), path("link"));
    CHECK(reading_problem(path("link")).empty());
    CHECK(reading_problem(path("none")) == "no such file");
    CHECK(reading_problem(path("file/under")) == "no such file");
    CHECK(reading_problem(folder.path()) == "is a folder, not a file");
    REQUIRE(mkfifo(path("pipe").c_str(), 0600) == 0);
    CHECK(reading_problem(path("pipe")).find("is no regular file") == 0);
    CHECK(reading_problem("/dev/null").find("is no regular file") == 0);
    if (geteuid() == 0) return;  // may open everything
    std::filesystem::permissions(path("file"), std::filesystem::perms::none);
    CHECK(reading_problem(path("file")).find("cannot be read") == 0);
}

}  // namespace dispatcher
