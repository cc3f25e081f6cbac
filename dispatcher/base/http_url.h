#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dispatcher {

/// Where somebody's service takes requests: `https://host[:port][/path][?query]`, or http:// for
/// cleartext.
struct HttpUrl {
    std::string origin;      ///< scheme://host[:port], as it is written
    std::string path = "/";  ///< with the query

    /// What is wrong with a text that should be one; nothing if all is well.
    static std::optional<std::string> problem(std::string_view text);
    /// Of a text without problem.
    static HttpUrl parse(const std::string& text);
};

}  // namespace dispatcher
