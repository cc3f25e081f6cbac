#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>

namespace dispatcher::cli {

/// Whether people sit at the other end, and how wide their screen is.
struct Terminal {
    bool reads = false;    ///< standard input is a terminal: a question can be answered
    bool writes = false;   ///< standard error is one: progress may redraw its line
    bool colors = false;   ///< and neither NO_COLOR nor TERM=dumb forbids colours
    bool redraws = false;  ///< standard output is one whose cursor can be moved back
    std::size_t width = 80;

    static Terminal of_this_process();
};

/// Columns that a text takes: bytes that begin a UTF-8 character.
std::size_t columns_of(std::string_view text);

/// What moves the cursor back to where `text` began, and clears from there. The text ends with a
/// line break and was written to a terminal `width` columns wide (at least 1).
std::string taken_back(const std::string& text, std::size_t width);

/// Asks a yes-or-no question on `err`; the default is no. Also returns (no) when `stop_fd`, if it
/// is one, becomes readable.
bool ask(const std::string& question, std::ostream& err, int stop_fd);

}  // namespace dispatcher::cli
