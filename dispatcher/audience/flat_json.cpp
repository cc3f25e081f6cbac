#include "audience/flat_json.h"

#include <fmt/format.h>

namespace dispatcher {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

void append_utf8(std::string& out, unsigned code) {
    const auto tail = [&out, code](unsigned shift) {
        out += static_cast<char>(0x80 | (code >> shift & 0x3f));
    };
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xc0 | code >> 6);
        tail(0);
    } else if (code < 0x1'0000) {
        out += static_cast<char>(0xe0 | code >> 12);
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xf0 | code >> 18);
        tail(12);
        tail(6);
        tail(0);
    }
}

}  // namespace

std::optional<std::string> FlatJson::parse(std::string_view line) {
    line_ = line;
    at_ = 0;
    members_.clear();
    unescaped_.clear();
    unescaped_.reserve(line.size());  // no escape is shorter than what it stands for
    pass_space();
    if (peek() != '{') return "is not a JSON object; every line must be one, {\"appid\": …}";
    ++at_;
    if (auto problem = parse_members()) return problem;
    pass_space();
    if (at_ != line_.size()) return problem_here();
    return std::nullopt;
}

std::optional<std::string> FlatJson::parse_members() {
    pass_space();
    if (peek() == '}') {
        ++at_;
        return std::nullopt;
    }
    for (;;) {
        Member member;
        pass_space();
        if (!parse_string(member.key)) return problem_here();
        pass_space();
        if (peek() != ':') return problem_here();
        ++at_;
        pass_space();
        const char first = peek();
        if (first == '{' || first == '[')
            return fmt::format(
                "value {} is {}; only text, numbers, true, false and null fit a column",
                members_.size() + 1, first == '{' ? "an object" : "a list");
        if (first == '"' ? !parse_string(member.value) : !parse_plain(member.value))
            return problem_here();
        members_.push_back(member);
        pass_space();
        const char separator = peek();
        if (separator != ',' && separator != '}') return problem_here();
        ++at_;
        if (separator == '}') return std::nullopt;
    }
}

bool FlatJson::parse_string(std::string_view& text) {
    if (peek() != '"') return false;
    const auto begin = at_ + 1;
    for (auto at = begin; at < line_.size(); ++at) {
        const auto c = static_cast<unsigned char>(line_[at]);
        if (c == '"') {
            text = line_.substr(begin, at - begin);
            at_ = at + 1;
            return true;
        }
        if (c == '\\') {
            at_ = begin;
            return parse_escapes(text);
        }
        if (c < 0x20) {
            at_ = at;
            return false;
        }
    }
    at_ = line_.size();
    return false;
}

bool FlatJson::parse_escapes(std::string_view& text) {
    const auto begin = unescaped_.size();
    while (at_ < line_.size()) {
        const char c = line_[at_];
        if (static_cast<unsigned char>(c) < 0x20) return false;
        ++at_;
        if (c == '"') {
            text = std::string_view(unescaped_).substr(begin);
            return true;
        }
        if (c != '\\') {
            unescaped_ += c;
            continue;
        }
        const char escape = peek();
        ++at_;
        switch (escape) {
            case '"':
            case '\\':
            case '/':
                unescaped_ += escape;
                break;
            case 'b':
                unescaped_ += '\b';
                break;
            case 'f':
                unescaped_ += '\f';
                break;
            case 'n':
                unescaped_ += '\n';
                break;
            case 'r':
                unescaped_ += '\r';
                break;
            case 't':
                unescaped_ += '\t';
                break;
            case 'u':
                if (!parse_unicode_escape()) return false;
                break;
            default:
                --at_;
                return false;
        }
    }
    return false;
}

bool FlatJson::parse_unicode_escape() {
    unsigned code = 0;
    if (!parse_four_digits(code)) return false;
    const auto is_surrogate = [](unsigned unit, unsigned first) {
        return unit >= first && unit < first + 0x400;
    };
    if (is_surrogate(code, 0xdc00)) return false;
    if (is_surrogate(code, 0xd800)) {
        unsigned low = 0;
        if (line_.substr(at_, 2) != "\\u") return false;
        at_ += 2;
        if (!parse_four_digits(low) || !is_surrogate(low, 0xdc00)) return false;
        code = 0x1'0000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(unescaped_, code);
    return true;
}

bool FlatJson::parse_four_digits(unsigned& code) {
    for (int i = 0; i < 4; ++i, ++at_) {
        const char c = peek();
        const char lower = static_cast<char>(c | 0x20);
        if (is_digit(c))
            code = code << 4 | static_cast<unsigned>(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            code = code << 4 | static_cast<unsigned>(lower - 'a' + 10);
        else
            return false;
    }
    return true;
}

bool FlatJson::parse_plain(std::string_view& text) {
    const auto begin = at_;
    if (parse_word("null")) return true;
    if (!parse_word("true") && !parse_word("false")) return parse_number(text);
    text = line_.substr(begin, at_ - begin);
    return true;
}

bool FlatJson::parse_number(std::string_view& text) {
    const auto begin = at_;
    if (peek() == '-') ++at_;
    if (peek() == '0')
        ++at_;
    else if (!parse_digits())
        return false;
    if (peek() == '.') {
        ++at_;
        if (!parse_digits()) return false;
    }
    if (peek() == 'e' || peek() == 'E') {
        ++at_;
        if (peek() == '+' || peek() == '-') ++at_;
        if (!parse_digits()) return false;
    }
    text = line_.substr(begin, at_ - begin);
    return true;
}

bool FlatJson::parse_word(std::string_view word) {
    if (line_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
}

bool FlatJson::parse_digits() {
    const auto begin = at_;
    while (is_digit(peek()))
        ++at_;
    return at_ > begin;
}

void FlatJson::pass_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\r')
        ++at_;
}

std::string FlatJson::problem_here() const {
    if (at_ >= line_.size()) return "is not valid JSON: the line ends too early";
    return fmt::format("is not valid JSON at its byte {}", at_ + 1);
}

}  // namespace dispatcher
