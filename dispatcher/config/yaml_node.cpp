#include "config/yaml_node.h"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "base/error.h"

namespace dispatcher {
namespace {

constexpr std::size_t kDepthMax = 64;
/// Aliases make a small file large: what they expand to counts.
constexpr std::size_t kNodesMax = 100'000;
constexpr std::size_t kTextBytesMax = std::size_t{4} << 20;

Mark to_mark(const YAML::Mark& mark) {
    return {mark.line + 1, mark.column + 1};
}

/// Builds the tree from the parser's events: so aliases and quotes are seen, which YAML::Node
/// hides, and nothing grows before it was counted.
class TreeBuilder final : public YAML::EventHandler {
  public:
    TreeBuilder(const SourceFile& file, Problems& problems) : file_(file), problems_(problems) {}

    YamlNode take_root() {
        if (last_quoted_ && !is_closed(*last_quoted_))
            fail(*last_quoted_, "the quote that begins here is never closed");
        if (!root_) throw ConfigError(file_.path, "is empty");
        return std::move(*root_);
    }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (root_) fail(to_mark(mark), "a second document begins here; only one is allowed");
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        YamlNode node;
        node.mark = to_mark(mark);
        complete(std::move(node), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) fail(to_mark(mark), "an alias inside of what it stands for");
        count(found->second, to_mark(mark));
        attach(found->second);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        check_tag(mark, tag);
        if (value.find('\0') != value.npos) fail(to_mark(mark), "a NUL character in a text");
        YamlNode node;
        node.kind = YamlNode::Kind::scalar;
        node.mark = to_mark(mark);
        node.text = value;
        node.written = value;
        node.is_quoted = tag == kTagOfQuoted;
        if (node.is_quoted) last_quoted_ = node.mark;
        complete(std::move(node), anchor);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(YamlNode::Kind::list, mark, tag, anchor);
    }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(YamlNode::Kind::map, mark, tag, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override {
        report_duplicates(open_.back().node);
        close();
    }

  private:
    /// The parser takes the rest of the file for the text where a quote is not closed. Only the
    /// last quoted text can be such a one.
    [[nodiscard]] bool is_closed(Mark mark) const {
        const std::string_view text = file_.text;
        std::size_t at = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
        if (mark.line > 1) at = 0;
        for (int line = 1; line < mark.line; ++line)
            at = text.find('\n', at) + 1;
        at += static_cast<std::size_t>(mark.column - 1);
        if (text.substr(at, 1) == "&") at = text.find_first_not_of(" \r\n", text.find(' ', at));
        if (at >= text.size() || (text[at] != '"' && text[at] != '\'')) return true;  // a block
        const char quote = text[at++];
        for (; at < text.size(); ++at) {
            const bool is_escape = quote == '"' ? text[at] == '\\' : text.substr(at, 2) == "''";
            if (is_escape)
                ++at;
            else if (text[at] == quote)
                return true;
        }
        return false;
    }

    static constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    static constexpr std::string_view kTagOfPlain = "?";
    static constexpr std::string_view kTagOfQuoted = "!";

    struct Open {
        YamlNode node;
        YAML::anchor_t anchor;
        std::optional<YamlNode> key;  ///< of a map: read, its value still to come
    };

    void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
              YAML::anchor_t anchor) {
        check_tag(mark, tag);
        if (open_.size() >= kDepthMax)
            fail(to_mark(mark), fmt::format("nested deeper than {} levels", kDepthMax));
        Open node;
        node.node.kind = kind;
        node.node.mark = to_mark(mark);
        node.anchor = anchor;
        open_.push_back(std::move(node));
    }

    void close() {
        auto done = std::move(open_.back());
        open_.pop_back();
        complete(std::move(done.node), done.anchor);
    }

    void complete(YamlNode node, YAML::anchor_t anchor) {
        ++nodes_;
        bytes_ += node.text.size();
        check_size(node.mark);
        if (anchor != YAML::NullAnchor) {
            count(node, node.mark);
            anchors_[anchor] = node;
        }
        attach(std::move(node));
    }

    void attach(YamlNode node) {
        if (open_.empty()) {
            root_ = std::move(node);
            return;
        }
        auto& parent = open_.back();
        if (parent.node.kind == YamlNode::Kind::list) {
            parent.node.items.push_back(std::move(node));
        } else if (parent.key) {
            // The parser places nothing where the next token stands, often lines below.
            if (node.kind == YamlNode::Kind::null) node.mark = parent.key->mark;
            parent.node.entries.push_back(
                {std::move(parent.key->text), parent.key->mark, std::move(node)});
            parent.key.reset();
        } else {
            if (node.kind != YamlNode::Kind::scalar)
                fail(node.mark, "a key must be a text; quote a text that begins with {{");
            parent.key = std::move(node);
        }
    }

    void report_duplicates(const YamlNode& map) {
        std::map<std::string_view, Mark> first;
        for (const auto& entry : map.entries) {
            const auto [found, is_new] = first.try_emplace(entry.key, entry.mark);
            if (!is_new)
                problems_.add(file_.path, entry.mark,
                              fmt::format("key '{}' is given twice; first in line {}", entry.key,
                                          found->second.line));
        }
    }

    /// Adds a copied subtree to what was built so far.
    void count(const YamlNode& node, Mark mark) {
        ++nodes_;
        bytes_ += node.text.size();
        check_size(mark);
        for (const auto& entry : node.entries)
            count(entry.value, mark);
        for (const auto& item : node.items)
            count(item, mark);
    }

    void check_size(Mark mark) const {
        if (nodes_ > kNodesMax || bytes_ > kTextBytesMax)
            fail(mark, "too much content, aliases included");
    }

    void check_tag(const YAML::Mark& mark, const std::string& tag) const {
        if (!tag.empty() && tag != kTagOfPlain && tag != kTagOfQuoted)
            fail(to_mark(mark), "YAML tags (!…) are not supported");
    }

    [[noreturn]] void fail(Mark mark, const std::string& problem) const {
        throw ConfigError(to_string(file_.path, mark), problem);
    }

    const SourceFile& file_;
    Problems& problems_;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, YamlNode> anchors_;
    std::optional<YamlNode> root_;
    std::optional<Mark> last_quoted_;
    std::size_t nodes_ = 0;
    std::size_t bytes_ = 0;
};

/// What the parser says, and how to mend the mistakes that are made most.
std::string explain(const YAML::Exception& error, const SourceFile& file) {
    std::istringstream lines(file.text);
    std::string line;
    for (int i = 0; i <= error.mark.line && std::getline(lines, line); ++i) {
    }
    std::string_view hint;
    if (line.find('\t') != line.npos) {
        hint = "; YAML takes no tabs: indent with spaces";
    } else if (line.find("${") != line.npos) {
        hint = "; put \"${…}\" in quotes";
    } else if (line.find("{{") != line.npos) {
        hint = "; put a text with {{…}} in quotes";
    } else if (line.find(": -") != line.npos) {
        hint = "; put \"-\" in quotes";
    } else if (line.find(": ") != line.npos) {
        hint = "; put a text with ': ' in it in quotes, and indent evenly";
    }
    return fmt::format("not valid YAML: {}{}", error.msg, hint);
}

}  // namespace

YamlNode parse_yaml(const SourceFile& file, Problems& problems) {
    TreeBuilder builder(file, problems);
    std::istringstream stream(file.text);
    try {
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const YAML::Exception& error) {
        throw ConfigError(to_string(file.path, to_mark(error.mark)), explain(error, file));
    }
    return builder.take_root();
}

}  // namespace dispatcher
