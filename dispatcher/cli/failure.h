#pragma once

#include <exception>
#include <iosfwd>

namespace dispatcher::cli {

/// Says on `err` what ended a command and what to do, and answers the exit code that it means.
int explain_failure(const std::exception& error, std::ostream& err);

}  // namespace dispatcher::cli
