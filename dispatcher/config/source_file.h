#pragma once

#include <string>

namespace dispatcher {

/// A configuration file as it was read: valid UTF-8 without NUL bytes, at most 1 MiB.
struct SourceFile {
    std::string path;  ///< as given, for messages
    std::string text;

    /// Throws ConfigError if the file cannot be read or is no such text.
    static SourceFile read(const std::string& path);

    /// A path written in this file, made absolute: relative ones start at the file's folder.
    [[nodiscard]] std::string resolve(const std::string& written) const;
};

}  // namespace dispatcher
