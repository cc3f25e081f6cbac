#include "rehearsal/rehearsal_place.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/statfs.h>

#include "base/error.h"

namespace dispatcher {
namespace {

namespace fs = std::filesystem;

std::string make_temporary() {
    const char* parent = std::getenv("TMPDIR");
    if (parent == nullptr || *parent == '\0') parent = "/tmp";
    auto folder = (fs::absolute(parent) / "pushonce-rehearsal-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr)
        throw UnavailableError(fmt::format(
            "no folder for the rehearsal can be made in {}: {}; set TMPDIR, or give --keep DIR",
            parent, std::strerror(errno)));
    return folder;
}

std::string make_given(const std::string& given) {
    const auto folder = fs::absolute(given).lexically_normal();
    std::error_code error;
    // Device tokens will lie there: a new folder is its owner's alone.
    const bool is_new = fs::create_directories(folder, error);
    if (is_new) fs::permissions(folder, fs::perms::owner_all, error);
    if (error)
        throw UnavailableError(
            fmt::format("{} cannot be made: {}", folder.string(), error.message()));
    if (!fs::is_empty(folder, error) || error)
        throw ConfigError("--keep", fmt::format("{} is not empty", folder.string()));
    return folder.string();
}

}  // namespace

RehearsalPlace::RehearsalPlace(const std::string& folder)
    : folder_(folder.empty() ? make_temporary() : make_given(folder)), is_kept_(!folder.empty()) {}

RehearsalPlace::~RehearsalPlace() {
    if (is_kept_) return;
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

void RehearsalPlace::write(const std::string& name, const std::string& text) const {
    std::ofstream file(path(name), std::ios::binary);
    file << text;
    file.close();
    if (!file) throw UnavailableError(path(name) + " cannot be written: is the disk full?");
}

bool RehearsalPlace::is_in_memory() const {
    struct statfs system {};
    if (statfs(folder_.c_str(), &system) != 0) return false;
    return static_cast<unsigned long>(system.f_type) == TMPFS_MAGIC ||
           static_cast<unsigned long>(system.f_type) == RAMFS_MAGIC;
}

}  // namespace dispatcher
