// Dead device tokens: noted with the settlement that learnt of them, asked for by mark.

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/invariant.h"
#include "store/sql/key_list.h"
#include "store/sql/sql_session.h"

namespace dispatcher::sql {
namespace {

constexpr auto kInsert = "INSERT INTO dead_token (mark, reason, dead_since, told_at) VALUES {}{}";
constexpr auto kUpdate =
    "UPDATE dead_token SET reason={reason}, told_at={now}, dead_since={since} WHERE mark={mark}"
    " AND COALESCE(dead_since,told_at)<{died}";
constexpr auto kRead =
    "SELECT mark, reason, dead_since, told_at FROM dead_token WHERE mark IN ({}) ORDER BY mark";
constexpr auto kReadAny = "SELECT 1 FROM dead_token LIMIT 1";

std::string since_of(const DeadToken& token) {
    return token.dead_since ? fmt::to_string(token.dead_since->time_since_epoch().count()) : "NULL";
}

DeadToken token_of(const Row& row) {
    DeadToken token;
    token.mark = std::string(row.bytes(0));
    token.reason = static_cast<Reason>(row.integer(1));
    if (!row.is_null(2)) token.dead_since = WallTime(std::chrono::milliseconds(row.integer(2)));
    token.told_at = WallTime(std::chrono::milliseconds(row.integer(3)));
    return token;
}

}  // namespace

void SqlSession::note_dead_tokens(std::span<const DeadToken> tokens) {
    if (tokens.empty()) return;
    invariant(tokens.size() <= kKeysMax, "a statement names at most 1,000 tokens");
    std::vector<std::string_view> marks;
    for (const auto& token : tokens)
        marks.push_back(token.mark);
    const auto known = read_dead_tokens(marks);
    const auto now = connection_.now_ms();
    std::string fresh;
    for (const auto& token : tokens) {
        const auto same = std::ranges::lower_bound(known, token.mark, {}, &DeadToken::mark);
        if (same == known.end() || same->mark != token.mark) {
            fmt::format_to(std::back_inserter(fresh), "{}({},{},{},{})", fresh.empty() ? "" : ",",
                           dialect().key(token.mark), static_cast<unsigned>(token.reason),
                           since_of(token), now);
            continue;
        }
        const auto died = token.dead_since ? token.dead_since->time_since_epoch().count() : now;
        connection_.exec(
            fmt::format(kUpdate, fmt::arg("reason", static_cast<unsigned>(token.reason)),
                        fmt::arg("now", now), fmt::arg("since", since_of(token)),
                        fmt::arg("mark", dialect().key(token.mark)), fmt::arg("died", died)));
    }
    if (fresh.empty()) return;
    connection_.exec(fmt::format(kInsert, fresh, dialect().keep_existing("dead_token", "mark")));
}

bool SqlSession::has_dead_tokens() {
    bool found = false;
    connection_.query(kReadAny, [&](const Row&) { found = true; });
    return found;
}

std::vector<DeadToken> SqlSession::read_dead_tokens(std::span<const std::string_view> marks) {
    std::vector<DeadToken> tokens;
    if (marks.empty()) return tokens;
    invariant(marks.size() <= kKeysMax, "a statement names at most 1,000 tokens");
    std::string list;
    for (const auto mark : marks) {
        if (!list.empty()) list.push_back(',');
        dialect().append_key(list, mark);
    }
    connection_.query(fmt::format(kRead, list),
                      [&](const Row& row) { tokens.push_back(token_of(row)); });
    return tokens;
}

}  // namespace dispatcher::sql
