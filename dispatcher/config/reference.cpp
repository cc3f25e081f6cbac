#include "config/reference.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/readable_file.h"

namespace dispatcher {
namespace {

constexpr std::size_t kContentBytesMax = std::size_t{64} << 10;

std::string problem_of_kind(const std::string& kind, const std::string& inside,
                            const std::map<std::string, ReferenceSource>& sources) {
    if (kind == "env" || kind == "file")
        return fmt::format("${{{}}} works in the server file only", inside);
    if (kind == "param") return fmt::format("${{{}}} works in the campaign file only", inside);
    std::string known;
    for (const auto& [name, source] : sources)
        known += fmt::format("{}${{{}:…}}", known.empty() ? "" : ", ", name);
    return fmt::format("${{{}}} is unknown; known here: {}", inside, known);
}

/// The text with its references replaced, or nothing, with the reason in `problem`.
std::optional<std::string> replaced(const std::string& text,
                                    const std::map<std::string, ReferenceSource>& sources,
                                    std::string& problem) {
    std::string result;
    std::size_t at = 0;
    for (auto open = text.find("${"); open != text.npos; open = text.find("${", at)) {
        result += text.substr(at, open - at);
        const auto close = text.find('}', open);
        if (close == text.npos) {
            problem = "'${' without its '}'";
            return std::nullopt;
        }
        const auto inside = text.substr(open + 2, close - open - 2);
        const auto colon = std::min(inside.find(':'), inside.size());
        const auto source = sources.find(inside.substr(0, colon));
        if (source == sources.end() || colon == inside.size()) {
            problem = problem_of_kind(inside.substr(0, colon), inside, sources);
            return std::nullopt;
        }
        const auto value = source->second(inside.substr(colon + 1), problem);
        if (!value) return std::nullopt;
        result += *value;
        at = close + 1;
    }
    return result + text.substr(at);
}

}  // namespace

void replace_references(YamlNode& node, const std::map<std::string, ReferenceSource>& sources,
                        const SourceFile& file, Problems& problems) {
    for (auto& entry : node.entries)
        replace_references(entry.value, sources, file, problems);
    for (auto& item : node.items)
        replace_references(item, sources, file, problems);
    if (node.kind != YamlNode::Kind::scalar || node.text.find("${") == node.text.npos) return;
    std::string problem;
    if (auto text = replaced(node.text, sources, problem)) {
        node.text = std::move(*text);
    } else {
        problems.add(file.path, node.mark, problem);
        node.kind = YamlNode::Kind::broken;
    }
}

std::optional<std::string> environment_variable(const std::string& name, std::string& problem) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) {
        problem = fmt::format("the environment variable {} is not set", name);
        return std::nullopt;
    }
    if (!is_utf8(value)) {
        problem = fmt::format("the environment variable {} is not valid UTF-8", name);
        return std::nullopt;
    }
    return value;
}

ReferenceSource content_of_files_beside(const SourceFile& file) {
    return [&file](const std::string& name, std::string& problem) -> std::optional<std::string> {
        const auto path = file.resolve(name);
        if (const auto reason = reading_problem(path); !reason.empty()) {
            problem = fmt::format("the file {} {}", path,
                                  reason == "no such file" ? "is not there" : reason);
            return std::nullopt;
        }
        std::ifstream stream(path, std::ios::binary);
        std::string content(kContentBytesMax + 1, '\0');
        stream.read(content.data(), static_cast<std::streamsize>(content.size()));
        content.resize(static_cast<std::size_t>(stream.gcount()));
        if (!stream.is_open() || stream.bad()) {
            problem = fmt::format("the file {} cannot be read", path);
        } else if (content.size() > kContentBytesMax) {
            problem = fmt::format("the file {} is larger than {} bytes", path, kContentBytesMax);
        } else if (content.find('\0') != content.npos || !is_utf8(content)) {
            problem = fmt::format("the file {} is not a UTF-8 text", path);
        }
        if (!problem.empty()) return std::nullopt;
        while (!content.empty() && (content.back() == '\n' || content.back() == '\r'))
            content.pop_back();
        return content;
    };
}

}  // namespace dispatcher
