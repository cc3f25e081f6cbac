#include "config/source_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/readable_file.h"
#include "config/problems.h"

namespace dispatcher {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;

Mark mark_of(const std::string& text, std::size_t offset) {
    const auto begin = text.begin();
    const auto at = begin + static_cast<std::ptrdiff_t>(offset);
    const auto line_break = text.rfind('\n', offset == 0 ? 0 : offset - 1);
    const auto line = offset == 0 || line_break == text.npos ? 0 : line_break + 1;
    return {static_cast<int>(std::count(begin, at, '\n')) + 1, static_cast<int>(offset - line) + 1};
}

/// Offset of the first byte that is not UTF-8. The text has one.
std::size_t first_bad_byte(const std::string& text) {
    constexpr std::size_t kSequenceBytesMax = 4;
    std::size_t good = 0;
    while (good < text.size()) {
        std::size_t length = 1;
        while (length <= kSequenceBytesMax && !is_utf8(text.substr(good, length)))
            ++length;
        if (length > kSequenceBytesMax) break;
        good += length;
    }
    return good;
}

}  // namespace

SourceFile SourceFile::read(const std::string& path) {
    if (const auto problem = reading_problem(path); !problem.empty())
        throw ConfigError(path, problem);
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
        throw ConfigError(path, "cannot be read: " + std::generic_category().message(errno));
    std::string text;
    std::array<char, 16'384> piece;
    while (stream && text.size() <= kFileBytesMax) {
        stream.read(piece.data(), piece.size());
        text.append(piece.data(), static_cast<std::size_t>(stream.gcount()));
    }
    if (text.size() > kFileBytesMax)
        throw ConfigError(path, fmt::format("is larger than {} bytes", kFileBytesMax));
    if (const auto nul = text.find('\0'); nul != text.npos)
        throw ConfigError(to_string(path, mark_of(text, nul)),
                          "a NUL byte; the file must be UTF-8 text");
    if (!is_utf8(text))
        throw ConfigError(to_string(path, mark_of(text, first_bad_byte(text))),
                          "not valid UTF-8; save the file as UTF-8");
    return {path, std::move(text)};
}

std::string SourceFile::resolve(const std::string& written) const {
    const auto folder = std::filesystem::absolute(path).parent_path();
    return (folder / written).lexically_normal().string();
}

}  // namespace dispatcher
