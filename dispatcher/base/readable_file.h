#pragma once

#include <string>

namespace dispatcher {

/// Why no configuration or key can be read from `path`, for people: it is not there, a folder, no
/// regular file (a pipe would make its reader wait for ever), or may not be opened. "" if one can.
std::string reading_problem(const std::string& path);

}  // namespace dispatcher
