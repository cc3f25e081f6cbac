#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace dispatcher::cli {

/// Carries out one command: `arguments` are those after the program's name. Answers the exit code;
/// throws ConfigError, RefusedError, UnavailableError, StoreError (explain_failure() tells what
/// they mean).
int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

}  // namespace dispatcher::cli
