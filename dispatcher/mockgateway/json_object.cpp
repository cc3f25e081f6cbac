#include "mockgateway/json_object.h"

#include "base/encoding.h"
#include "mockgateway/character_class.h"

namespace dispatcher::mock {
namespace {

constexpr int kDepthMax = 64;

/// Reads JSON from front to back; every step answers whether the text was as it must be.
class Reader {
  public:
    explicit Reader(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

    bool object_with_members() {
        skip_space();
        if (!take('{')) return false;
        skip_space();
        return peek() == '"' && members(1) && (skip_space(), at_ == end_);
    }
    [[nodiscard]] bool saw_non_ascii() const { return non_ascii_; }

  private:
    [[nodiscard]] char peek() const { return at_ < end_ ? *at_ : '\0'; }
    bool take(char wanted) {
        if (peek() != wanted || at_ == end_) return false;
        ++at_;
        return true;
    }
    bool take_word(std::string_view word) {
        if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, word.size()) !=
            word)
            return false;
        at_ += word.size();
        return true;
    }
    void skip_space() {
        while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t'))
            ++at_;
    }

    /// Members and the closing brace, from the first name on.
    bool members(int depth) {
        do {
            skip_space();
            if (!string()) return false;
            skip_space();
            if (!take(':') || !value(depth)) return false;
            skip_space();
        } while (take(','));
        return take('}');
    }

    bool elements(int depth) {
        do {
            if (!value(depth)) return false;
            skip_space();
        } while (take(','));
        return take(']');
    }

    bool value(int depth) {
        skip_space();
        switch (peek()) {
            case '"':
                return string();
            case '{':
                ++at_;
                skip_space();
                return depth < kDepthMax && (take('}') || members(depth + 1));
            case '[':
                ++at_;
                skip_space();
                return depth < kDepthMax && (take(']') || elements(depth + 1));
            case 't':
                return take_word("true");
            case 'f':
                return take_word("false");
            case 'n':
                return take_word("null");
            default:
                return number();
        }
    }

    bool string() {
        if (!take('"')) return false;
        while (at_ < end_) {
            if (is_in(CharacterClass::json_plain, *at_)) {
                ++at_;
                continue;
            }
            const auto byte = static_cast<unsigned char>(*at_++);
            if (byte == '"') return true;
            if (byte < 0x20) return false;
            if (byte == '\\' && !escape()) return false;
            if (byte >= 0x80) non_ascii_ = true;
        }
        return false;
    }

    bool escape() {
        if (take('u')) {
            for (int digits = 0; digits < 4; ++digits, ++at_) {
                if (!is_in(CharacterClass::hex, peek())) return false;
            }
            return true;
        }
        const char c = peek();
        ++at_;
        return c == '"' || c == '\\' || c == '/' || c == 'b' || c == 'f' || c == 'n' || c == 'r' ||
               c == 't';
    }

    bool digits() {
        const char* const first = at_;
        while (is_in(CharacterClass::digit, peek()))
            ++at_;
        return at_ > first;
    }

    bool number() {
        take('-');
        if (!take('0') && !digits()) return false;
        if (take('.') && !digits()) return false;
        if (take('e') || take('E')) {
            if (!take('+')) take('-');
            return digits();
        }
        return true;
    }

    const char* at_;
    const char* const end_;
    bool non_ascii_ = false;
};

}  // namespace

bool is_json_object_with_members(std::string_view text) {
    Reader reader(text);
    return reader.object_with_members() && (!reader.saw_non_ascii() || is_utf8(text));
}

}  // namespace dispatcher::mock
