#include "config/tag_finder.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace dispatcher {
namespace {

constexpr std::string_view kBlanks = " \t";

std::size_t offset_of(std::string_view text, Mark mark) {
    std::size_t begin = 0;
    for (int line = 1; line < mark.line; ++line) {
        const auto end = text.find('\n', begin);
        if (end == text.npos) return text.size();
        begin = end + 1;
    }
    return std::min(text.size(), begin + static_cast<std::size_t>(mark.column - 1));
}

Mark mark_at(std::string_view text, std::size_t offset) {
    const auto before = text.substr(0, offset);
    const auto line_break = before.rfind('\n');
    const auto begin = line_break == before.npos ? 0 : line_break + 1;
    return {static_cast<int>(std::ranges::count(before, '\n')) + 1,
            static_cast<int>(offset - begin) + 1};
}

/// Whether the line up to here is a comment of YAML.
bool is_commented(std::string_view text, std::size_t offset) {
    const auto line_break = offset == 0 ? text.npos : text.rfind('\n', offset - 1);
    const auto begin = line_break == text.npos ? 0 : line_break + 1;
    const auto first = text.find_first_not_of(kBlanks, begin);
    return first != text.npos && first < offset && text[first] == '#';
}

/// The variable of the tag that opens here; "" for a comment and for what is no tag.
std::string_view name_of_tag(std::string_view tag) {
    const auto begin = tag.find_first_not_of("{#^/& \t");
    if (begin == tag.npos) return {};
    const auto end = tag.find('}', begin);
    if (end == tag.npos || tag[begin] == '!') return {};
    const auto name = tag.substr(begin, end - begin);
    const auto last = name.find_last_not_of(kBlanks);
    return last == name.npos ? std::string_view{} : name.substr(0, last + 1);
}

class Finder {
  public:
    explicit Finder(const SourceFile& file) : file_(file) {}

    /// The tags between two places of the file.
    void look(const std::string& locale, std::size_t begin, std::size_t end) {
        const std::string_view text = file_.text;
        while ((begin = text.find("{{", begin)) < end) {
            const auto tag = text.substr(begin, end - begin);
            const auto name = name_of_tag(tag);
            if (!name.empty() && !is_commented(text, begin))
                places_.try_emplace({locale, std::string(name)},
                                    to_string(file_.path, mark_at(text, begin)));
            begin += 2;
        }
    }

    TagPlaces take() { return std::move(places_); }

  private:
    const SourceFile& file_;
    TagPlaces places_;
};

/// Where the entry ends: where the next one begins, or at `end`.
std::size_t end_of(const std::vector<YamlNode::Entry>& entries, std::size_t index,
                   std::string_view text, std::size_t end) {
    return index + 1 < entries.size() ? offset_of(text, entries[index + 1].mark) : end;
}

}  // namespace

TagPlaces find_tags(const SourceFile& file, const YamlNode& root) {
    Finder finder(file);
    const std::string_view text = file.text;
    for (std::size_t i = 0; i < root.entries.size(); ++i) {
        const auto& entry = root.entries[i];
        const auto end = end_of(root.entries, i, text, text.size());
        if (entry.key != "locales") {
            finder.look("", offset_of(text, entry.mark), end);
            continue;
        }
        const auto& locales = entry.value.entries;
        for (std::size_t j = 0; j < locales.size(); ++j)
            finder.look(locales[j].key, offset_of(text, locales[j].mark),
                        end_of(locales, j, text, end));
    }
    return finder.take();
}

}  // namespace dispatcher
