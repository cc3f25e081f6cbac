#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "base/error.h"
#include "support/temporary_folder.h"

namespace dispatcher::test {

/// Configuration files of one test, in a folder of their own.
class ConfigFolder {
  public:
    /// Writes `name` (with its folders) and answers its path.
    std::string write(const std::string& name, const std::string& text) const {
        const auto path = file(name);
        std::filesystem::create_directories(std::filesystem::path(path).parent_path());
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }
    [[nodiscard]] std::string file(const std::string& name) const {
        return folder_.path() + "/" + name;
    }

    /// What ConfigError says about `action`, without the folder's path; "no problem" without one.
    [[nodiscard]] std::string problem_of(const std::function<void()>& action) const {
        try {
            action();
        } catch (const ConfigError& error) {
            std::string text = error.what();
            const auto prefix = folder_.path() + "/";
            for (auto at = text.find(prefix); at != text.npos; at = text.find(prefix))
                text.erase(at, prefix.size());
            return text;
        }
        return "no problem";
    }

  private:
    TemporaryFolder folder_;
};

}  // namespace dispatcher::test
