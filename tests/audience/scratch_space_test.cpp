#include "audience/scratch_space.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include <sys/mount.h>
#include <sys/resource.h>

#include "audience_case.h"
#include "support/catch.h"

namespace dispatcher {
namespace {

std::string many_rows(int count) {
    std::string text = "appid,token\n";
    for (int i = 0; i < count; ++i) {
        const auto number = std::to_string(static_cast<unsigned>(i) * 2'654'435'761U);
        text += "device-" + number + ",token-" + number + "\n";
    }
    return text;
}

/// No file of this process may become larger, as long as the object lives.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() {
        setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

  private:
    rlimit before_{};
    void (*handler_)(int);
};

/// A tiny file system on a directory, if this process may mount one.
class TinyDisk {
  public:
    explicit TinyDisk(std::string path) : path_(std::move(path)) {
        is_mounted_ = mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=1m") == 0;
    }
    ~TinyDisk() {
        if (is_mounted_) umount2(path_.c_str(), MNT_DETACH);
    }
    TinyDisk(const TinyDisk&) = delete;
    TinyDisk& operator=(const TinyDisk&) = delete;
    [[nodiscard]] bool is_mounted() const { return is_mounted_; }

  private:
    std::string path_;
    bool is_mounted_;
};

std::string lack_of_space(const AudienceCase& given) {
    try {
        (void)given.read();
    } catch (const UnavailableError& failed) {
        return failed.what();
    }
    return "";
}

}  // namespace

TEST_CASE("a full disk is told with what is used and needed, and nothing is left behind",
          "[files]") {
    AudienceCase given(many_rows(60'000));
    given.send_all_to_one_gateway();
    given.options.sort_bytes_max = 100'000;
    std::string text;
    {
        const FileSizeLimit limit(1'000'000);
        text = lack_of_space(given);
    }
    CHECK(text.find("no space left in " + given.scratch.path() + " while sorting the audience") ==
          0);
    CHECK(text.find(" are needed in all; free some space, or set TMPDIR") != std::string::npos);
    CHECK(given.scratch.is_empty());
    CHECK_NOTHROW(given.read());
}

TEST_CASE("a file system that is really full", "[files]") {
    AudienceCase given(many_rows(60'000));
    given.send_all_to_one_gateway();
    given.options.sort_bytes_max = 100'000;
    const TinyDisk disk(given.scratch.path());
    if (!disk.is_mounted()) {
        WARN("skipped: no tmpfs can be mounted here (" << std::strerror(errno) << ")");
        return;
    }
    const auto text = lack_of_space(given);
    CHECK(text.find("no space left in " + given.scratch.path()) == 0);
    CHECK(text.find("No space left on device") != std::string::npos);
    CHECK(given.scratch.is_empty());
}

TEST_CASE("a scratch directory that is not there is named", "[files]") {
    AudienceCase given(many_rows(10));
    given.send_all_to_one_gateway();
    given.options.scratch_dir = given.scratch.path() + "/none";
    CHECK_THROWS_AS(given.read(), UnavailableError);
    CHECK(lack_of_space(given) == "cannot make a scratch file for sorting the audience in " +
                                      given.options.scratch_dir + ": No such file or directory");
}

TEST_CASE("space that is given back counts as free again", "[files]") {
    const TemporaryDirectory dir;
    ScratchSpace space(dir.path());
    ScratchFile file(space);
    const std::string block(1 << 20, 'x');
    CHECK(file.append(block) == 0);
    CHECK(file.append("tail") == block.size());
    file.give_back(0, block.size());
    std::string tail(4, '\0');
    file.read_at(block.size(), tail.data(), tail.size());
    CHECK(tail == "tail");
    CHECK(dir.is_empty());
}

}  // namespace dispatcher
