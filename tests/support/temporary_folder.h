#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <unistd.h>

namespace dispatcher::test {

/// A new folder of its own, removed with all that is in it.
class TemporaryFolder {
  public:
    /// Inside `parent`, which exists. Paths stay short enough for a unix socket in them.
    explicit TemporaryFolder(const std::string& parent = "/tmp") {
        auto pattern = parent + "/pushonce-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error("no temporary folder can be made in " + parent);
        }
        path_ = pattern;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

}  // namespace dispatcher::test
