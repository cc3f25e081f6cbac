#include "campaign/mustache.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/trimmed.h"

namespace dispatcher {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

class Parser {
  public:
    Parser(std::string_view source, const std::string& place) : source_(source), place_(place) {}

    std::vector<MustachePart> parse() {
        while (at_ < source_.size()) {
            const auto open = source_.find("{{", at_);
            add_text(source_.substr(at_, open - at_));
            if (open == std::string_view::npos) break;
            at_ = open;
            take_tag();
        }
        if (!open_sections_.empty())
            fail(fmt::format("section {{{{#{0}}}}} is never closed; add {{{{/{0}}}}}",
                             open_sections_.back()));
        return std::move(parts_);
    }

  private:
    using Kind = MustachePart::Kind;

    /// Takes the tag that begins at `at_`.
    void take_tag() {
        const auto open = at_;
        const bool is_triple = source_.substr(open + 2, 1) == "{";
        const std::string_view closing = is_triple ? "}}}" : "}}";
        const auto close = source_.find(closing, open + 2);
        if (close == std::string_view::npos)
            fail(fmt::format("tag '{}' is never closed; add {}", excerpt(open), closing));
        const auto begin = open + (is_triple ? 3 : 2);
        const auto tag = trimmed(source_.substr(begin, close - begin), kBlanks);
        at_ = close + closing.size();
        if (is_triple || tag.empty() || std::string_view("#^/!&>=<$").find(tag[0]) == tag.npos) {
            parts_.push_back({Kind::variable, name(tag, open)});
            return;
        }
        take_marked_tag(tag[0], trimmed(tag.substr(1), kBlanks), open);
    }

    void take_marked_tag(char mark, std::string_view rest, std::size_t open) {
        switch (mark) {
            case '&':
                parts_.push_back({Kind::variable, name(rest, open)});
                return;
            case '!':
                drop_line_of_tag(open);
                return;
            case '#':
            case '^':
                drop_line_of_tag(open);
                open_sections_.push_back(name(rest, open));
                parts_.push_back(
                    {mark == '#' ? Kind::section : Kind::inverted, open_sections_.back()});
                return;
            case '/':
                close_section(name(rest, open), open);
                return;
            case '=':
                fail(fmt::format("'{}': delimiters cannot be changed", excerpt(open)));
            default:
                fail(fmt::format("'{}': partials are not supported", excerpt(open)));
        }
    }

    void close_section(const std::string& section, std::size_t open) {
        if (open_sections_.empty())
            fail(fmt::format("{{{{/{}}}}} closes a section that was never opened", section));
        if (open_sections_.back() != section)
            fail(fmt::format("{{{{/{}}}}} stands where {{{{/{}}}}} is expected", section,
                             open_sections_.back()));
        drop_line_of_tag(open);
        open_sections_.pop_back();
        parts_.push_back({Kind::end, {}});
    }

    std::string name(std::string_view text, std::size_t open) const {
        if (text.empty()) fail(fmt::format("'{}': a tag without a name", excerpt(open)));
        if (text == ".") fail("{{.}} is not supported; write the variable's name");
        if (text.find_first_of("{}\n") != text.npos)
            fail(fmt::format("'{}' is not a tag: braces or a line break in a name", excerpt(open)));
        return std::string(text);
    }

    /// If only blanks surround the tag on its line, neither they nor the line break are shown.
    void drop_line_of_tag(std::size_t open) {
        const auto before = open == 0 ? std::string_view::npos : source_.rfind('\n', open - 1);
        const auto line = before == std::string_view::npos ? 0 : before + 1;
        if (!trimmed(source_.substr(line, open - line), kBlanks).empty()) return;
        const auto line_break = source_.find('\n', at_);
        if (!trimmed(source_.substr(at_, line_break - at_), kBlanks).empty()) return;
        at_ = line_break == std::string_view::npos ? source_.size() : line_break + 1;
        if (open == line) return;
        auto& text = parts_.back().text;
        text.resize(text.size() - (open - line));
        if (text.empty()) parts_.pop_back();
    }

    void add_text(std::string_view text) {
        if (!text.empty()) parts_.push_back({Kind::text, std::string(text)});
    }

    /// The source from `open`, short enough for a message and never cut inside a character.
    std::string excerpt(std::size_t open) const {
        constexpr std::size_t kExcerptBytesMax = 30;
        auto end = std::min({source_.size(), open + kExcerptBytesMax, source_.find('\n', open)});
        while (end < source_.size() && (static_cast<unsigned char>(source_[end]) & 0xC0) == 0x80)
            --end;
        return std::string(source_.substr(open, end - open));
    }

    [[noreturn]] void fail(const std::string& problem) const { throw ConfigError(place_, problem); }

    std::string_view source_;
    const std::string& place_;
    std::size_t at_ = 0;
    std::vector<std::string> open_sections_;
    std::vector<MustachePart> parts_;
};

}  // namespace

std::vector<MustachePart> parse_mustache(std::string_view source, const std::string& place) {
    return Parser(source, place).parse();
}

}  // namespace dispatcher
