#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dispatcher {

/// A JSON object (RFC 8259) whose values are text, numbers, true, false or null: what a line of an
/// audience may be. Numbers and booleans are given as the text that stands there, null as "".
class FlatJson {
  public:
    struct Member {
        std::string_view key;
        std::string_view value;
    };

    /// Parses one line, valid UTF-8. Answers what is wrong, without quoting the line; nothing if
    /// all is well. Members are views into the line and into this object, until the next parse().
    std::optional<std::string> parse(std::string_view line);
    [[nodiscard]] const std::vector<Member>& members() const { return members_; }

  private:
    std::optional<std::string> parse_members();
    bool parse_string(std::string_view& text);
    bool parse_escapes(std::string_view& text);
    bool parse_unicode_escape();
    bool parse_four_digits(unsigned& code);
    bool parse_plain(std::string_view& text);
    bool parse_number(std::string_view& text);
    bool parse_word(std::string_view word);
    bool parse_digits();
    void pass_space();
    [[nodiscard]] char peek() const { return at_ < line_.size() ? line_[at_] : '\0'; }
    [[nodiscard]] std::string problem_here() const;

    std::string_view line_;
    std::size_t at_ = 0;
    std::vector<Member> members_;
    std::string unescaped_;  ///< never reallocated while a line is parsed
};

}  // namespace dispatcher
