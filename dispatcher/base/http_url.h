#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dispatcher {

/// Where somebody's service takes requests: `https://host[:port][/path][?query]`, or http:// for
/// cleartext.
struct HttpUrl {
    std::string origin;  ///< scheme://host[:port], as it is written
    bool is_tls = true;
    std::string host;  ///< a name, or an address without brackets
    std::uint16_t port = 443;
    std::string path = "/";  ///< with the query

    /// What is wrong with a text that should be one; nothing if all is well.
    static std::optional<std::string> problem(std::string_view text);
    /// Of a text without problem.
    static HttpUrl parse(const std::string& text);

    /// host[:port] as a request's Host header has it.
    [[nodiscard]] std::string authority() const { return origin.substr(is_tls ? 8 : 7); }
};

}  // namespace dispatcher
