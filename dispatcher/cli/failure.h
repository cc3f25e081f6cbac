#pragma once

#include <exception>
#include <iosfwd>
#include <string>
#include <vector>

namespace dispatcher::cli {

/// Says on `err` what ended a command and what to do, and answers the exit code that it means.
int explain_failure(const std::exception& error, std::ostream& err);

/// Where `arguments` ask for JSON, writes the document that stands for a result that could not be
/// had: what was said, and the exit code.
void print_failure(const std::vector<std::string>& arguments, const std::string& said,
                   int exit_code, std::ostream& out);

}  // namespace dispatcher::cli
