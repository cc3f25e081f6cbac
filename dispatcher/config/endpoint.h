#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dispatcher {

// Addresses in the server file. Each function says what is wrong with one, in words that never
// quote a password; nothing if all is well.

inline constexpr std::string_view kSqliteScheme = "sqlite:";
inline constexpr std::string_view kMysqlScheme = "mysql://";

/// `sqlite:PATH` or `mysql://user@host1:3306,host2:3306/database`.
std::optional<std::string> store_url_problem(std::string_view url);

/// `https://host[:port]`, or `http://` for cleartext HTTP/2; no path.
std::optional<std::string> endpoint_problem(std::string_view url);

/// `host:port`, `[::1]:port`; port 0 takes any free one.
std::optional<std::string> listen_problem(std::string_view address);

}  // namespace dispatcher
