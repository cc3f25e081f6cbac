#pragma once

#include <stdexcept>
#include <string>

namespace dispatcher {

/// Something that a person wrote is wrong: a file, an option, an audience row. `where` is
/// file:line:column (or what is known of it), `what` says what is wrong and what to do. Exit 2.
class ConfigError : public std::runtime_error {
  public:
    ConfigError(const std::string& where, const std::string& problem)
        : std::runtime_error(where.empty() ? problem : where + ": " + problem) {}
};

/// The command cannot be carried out in the present state (sealed with other content, wrong state,
/// purged name). Exit 4.
class RefusedError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Something outside failed that may work again later: disk, gateway, permissions. Exit 5.
class UnavailableError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace dispatcher
