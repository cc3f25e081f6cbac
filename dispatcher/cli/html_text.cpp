#include "cli/html_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/time_text.h"

namespace dispatcher::cli {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::size_t kCharacterBytesMax = 4;

/// Bytes of the UTF-8 character that `text` begins with; 0 if it begins with none.
std::size_t character_size(std::string_view text) {
    for (std::size_t size = 1; size <= std::min(kCharacterBytesMax, text.size()); ++size)
        if (is_utf8(text.substr(0, size))) return size;
    return 0;
}

void append_character(std::string& out, std::string_view character) {
    switch (character.front()) {
        case '&':
            out += "&amp;";
            return;
        case '<':
            out += "&lt;";
            return;
        case '>':
            out += "&gt;";
            return;
        case '"':
            out += "&quot;";
            return;
        case '\'':
            out += "&#39;";
            return;
        case '\n':
        case '\t':
            out += character;
            return;
        default:
            break;
    }
    const auto first = static_cast<unsigned char>(character.front());
    const bool is_control = first < 0x20 || first == 0x7F;
    out += is_control ? kReplacement : character;
}

}  // namespace

std::string html(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    while (!text.empty()) {
        const auto size = character_size(text);
        if (size == 0)
            out += kReplacement;
        else
            append_character(out, text.substr(0, size));
        text.remove_prefix(std::max<std::size_t>(1, size));
    }
    return out;
}

std::string html_value(std::string_view text) {
    return "<bdi>" + html(text) + "</bdi>";
}

std::string html_time(WallTime time) {
    const auto iso = to_iso_text(time);
    return fmt::format("<time datetime=\"{}\">{} {} UTC</time>", iso, iso.substr(0, 10),
                       iso.substr(11, 8));
}

}  // namespace dispatcher::cli
