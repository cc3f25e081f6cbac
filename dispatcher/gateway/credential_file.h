#pragma once

#include <string>
#include <utility>

#include "base/error.h"
#include "base/readable_file.h"

namespace dispatcher {

/// A file with a key or a certificate, as a key of the server file names it.
struct CredentialFile {
    CredentialFile() = default;  ///< none
    /// Named by nobody's key: errors begin with the path.
    CredentialFile(std::string path_of_file) : path(std::move(path_of_file)), where(path) {}
    CredentialFile(std::string path_of_file, std::string place)
        : path(std::move(path_of_file)), where(std::move(place)) {}

    /// Throws ConfigError if no file can be read there.
    void require_readable() const {
        if (const auto problem = reading_problem(path); !problem.empty())
            throw ConfigError(where, problem);
    }

    std::string path;
    std::string where;  ///< opens errors: the key's place and name, then the path
};

}  // namespace dispatcher
