#include "audience/query_check.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace dispatcher {
namespace {

constexpr std::array<std::string_view, 4> kSelecting = {"SELECT", "WITH", "VALUES", "TABLE"};

bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

/// Takes a query apart into words and marks; texts, quoted names and comments are passed over.
class Tokens {
  public:
    explicit Tokens(std::string_view query) : rest_(query) {}

    /// The next word in upper case, or a mark; empty at the end.
    std::string next() {
        while (!rest_.empty()) {
            const char c = rest_.front();
            if (is_blank(c)) {
                rest_.remove_prefix(1);
            } else if (c == '\'' || c == '"' || c == '`') {
                pass_quoted(c);
                return std::string(1, c);
            } else if (rest_.starts_with("/*")) {
                if (rest_.starts_with("/*!") || rest_.starts_with("/*M!")) return take(3);
                pass_until("*/");
            } else if (c == '#' || rest_.starts_with("-- ") || rest_.starts_with("--\n")) {
                pass_until("\n");
            } else if (is_word(c)) {
                const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_word);
                return take(static_cast<std::size_t>(end - rest_.begin()));
            } else {
                return take(1);
            }
        }
        return {};
    }

    /// Bytes behind the token that was given last.
    [[nodiscard]] std::size_t left() const { return rest_.size(); }

  private:
    std::string take(std::size_t count) {
        std::string token(rest_.substr(0, count));
        rest_.remove_prefix(token.size());
        for (auto& c : token)
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        return token;
    }

    void pass_until(std::string_view end) {
        const auto at = rest_.find(end);
        rest_.remove_prefix(at == rest_.npos ? rest_.size() : at + end.size());
    }

    /// A doubled quote is two texts in a row, which is as good.
    void pass_quoted(char quote) {
        rest_.remove_prefix(1);
        while (!rest_.empty() && rest_.front() != quote)
            rest_.remove_prefix(rest_.front() == '\\' && quote != '`' && rest_.size() > 1 ? 2 : 1);
        if (!rest_.empty()) rest_.remove_prefix(1);
    }

    std::string_view rest_;
};

}  // namespace

std::optional<std::string> query_problem(std::string_view query) {
    Tokens tokens(query);
    auto token = tokens.next();
    while (token == "(")
        token = tokens.next();
    if (token.empty()) return "is empty";
    if (std::find(kSelecting.begin(), kSelecting.end(), token) == kSelecting.end())
        return fmt::format("must only read: it begins with {}, not with SELECT or WITH", token);
    for (std::string before; !token.empty(); before = token, token = tokens.next()) {
        if (before == ";") return "must be one statement: something follows the semicolon";
        if (token == "INTO") return "must only read: INTO would write somewhere";
        if (token == "UPDATE" && before == "FOR")
            return "must only read: FOR UPDATE would lock what others need";
        if (token.starts_with("/*"))
            return "holds a comment that the server would execute; write the query without it";
    }
    return std::nullopt;
}

std::vector<std::size_t> find_appids_marks(std::string_view query) {
    std::vector<std::size_t> marks;
    Tokens tokens(query);
    for (auto token = tokens.next(); !token.empty(); token = tokens.next()) {
        if (token != kAppidsMark.substr(0, 1)) continue;
        const auto at = query.size() - tokens.left() - 1;
        const auto end = at + kAppidsMark.size();
        const bool is_whole = end >= query.size() || !is_word(query[end]);
        if (query.substr(at, kAppidsMark.size()) == kAppidsMark && is_whole) marks.push_back(at);
    }
    return marks;
}

std::optional<std::string> refresh_query_problem(std::string_view query) {
    if (auto problem = query_problem(query)) return problem;
    if (find_appids_marks(query).empty())
        return "must ask for the devices whose turn it is: write WHERE appid IN (:appids)";
    return std::nullopt;
}

}  // namespace dispatcher
