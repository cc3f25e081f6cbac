#include "cli/terminal.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <ostream>
#include <string_view>

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace dispatcher::cli {

std::size_t columns_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

Terminal Terminal::of_this_process() {
    Terminal terminal;
    terminal.reads = isatty(STDIN_FILENO) == 1;
    terminal.writes = isatty(STDERR_FILENO) == 1;
    const auto* no_color = std::getenv("NO_COLOR");
    const auto* kind = std::getenv("TERM");
    const bool is_dumb = kind != nullptr && std::string_view(kind) == "dumb";
    terminal.colors = terminal.writes && (no_color == nullptr || *no_color == '\0') && !is_dumb;
    terminal.redraws = isatty(STDOUT_FILENO) == 1 && !is_dumb;
    winsize size{};
    const auto screen = terminal.writes ? STDERR_FILENO : STDOUT_FILENO;
    if (ioctl(screen, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.width = size.ws_col;
    return terminal;
}

std::string taken_back(const std::string& text, std::size_t width) {
    std::size_t rows = 0;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        const auto columns = columns_of({text.data() + begin, end - begin});
        rows += 1 + (columns > 0 ? (columns - 1) / width : 0);
        begin = end + 1;
    }
    return fmt::format("\x1b[{}A\r\x1b[J", rows);
}

bool ask(const std::string& question, std::ostream& err, int stop_fd) {
    err << question << " [y/N] " << std::flush;
    std::array<pollfd, 2> waited = {pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{stop_fd, POLLIN, 0}};
    while (poll(waited.data(), waited.size(), -1) < 0 && errno == EINTR) {
    }
    if (waited[1].revents != 0) {
        err << "\n";
        return false;
    }
    std::array<char, 64> answer{};
    const auto bytes = read(STDIN_FILENO, answer.data(), answer.size());
    return bytes > 0 && (answer[0] == 'y' || answer[0] == 'Y');
}

}  // namespace dispatcher::cli
