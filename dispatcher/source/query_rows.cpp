#include "source/query_rows.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <strings.h>

#include "audience/text_check.h"
#include "base/error.h"

namespace dispatcher {
namespace {

using Type = QueryResult::Type;

constexpr std::string_view kAppid = "appid";
/// Columns that mean something to us; every other is template data.
constexpr std::array<std::string_view, 9> kOurs = {
    "appid", "token", "platform", "locale", "timezone", "user", "endpoint", "p256dh", "auth"};

bool is_same_but_for_case(const std::string& name, std::string_view wanted) {
    return name != wanted && name.size() == wanted.size() &&
           strncasecmp(name.data(), wanted.data(), wanted.size()) == 0;
}

std::string_view in_words(Type type) {
    switch (type) {
        case Type::whole:
            return "a whole number";
        case Type::decimal:
            return "a decimal number";
        case Type::approximate:
            return "a floating point number";
        case Type::time:
            return "a date or time";
        case Type::other:
            return "of a type without a text of its own";
        default:
            return "text";
    }
}

bool may_be(const std::string& column, Type type) {
    if (type == Type::other) return false;
    if (type == Type::null || type == Type::text || type == Type::bytes) return true;
    if (std::find(kOurs.begin(), kOurs.end(), column) == kOurs.end()) return true;
    return type == Type::whole && (column == kAppid || column == "user");
}

}  // namespace

QueryRows::QueryRows(std::unique_ptr<QueryResult> result, std::string where)
    : result_(std::move(result)), where_(std::move(where)) {
    check_columns();
    const auto& columns = result_->columns();
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].name == kAppid)
            appid_ = i;
        else
            columns_.push_back(columns[i].name);
    }
}

void QueryRows::check_columns() {
    const auto& columns = result_->columns();
    if (columns.size() > kColumnsMax)
        refuse(fmt::format("the query has more than {} columns", kColumnsMax));
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const auto& [name, type, type_name] = columns[i];
        if (name.empty() || !is_valid_text(name))
            refuse(fmt::format("column {} of the query has no proper name: write AS name", i + 1));
        if (!seen.insert(name).second)
            refuse(fmt::format("the query has two columns `{}`: rename one with AS", name));
        for (const auto ours : kOurs)
            if (is_same_but_for_case(name, ours))
                refuse(
                    fmt::format("column `{0}` must be called `{1}`, in lower case: write {0} AS "
                                "{1}",
                                name, ours));
        if (type && !may_be(name, *type))
            refuse(fmt::format("column `{}` is {} ({}): write CAST({} AS CHAR) AS {}", name,
                               in_words(*type), type_name, name, name));
    }
    if (!seen.contains(kAppid)) refuse("the query has no column `appid`: name it with AS appid");
}

void QueryRows::refuse(const std::string& problem) const {
    throw ConfigError(where_, problem);
}

bool QueryRows::next(Row& row) {
    if (!result_->next()) return false;
    row.line = ++rows_;
    row.problem.clear();
    row.ends_reading = false;
    row.values.resize(columns_.size());
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < result_->columns().size(); ++i) {
        const auto value = take(i, row);
        bytes += value.size();
        if (i == appid_)
            row.appid = value;
        else
            row.values[i - (i > appid_ ? 1 : 0)] = value;
    }
    if (bytes > kRowBytesMax) [[unlikely]]
        row.problem = fmt::format("the row is longer than {} MiB", kRowBytesMax >> 20);
    return true;
}

// The appid's bytes are judged with the others' appids; a value is never repeated in a message.
std::string_view QueryRows::take(std::size_t column, Row& row) {
    const auto& name = result_->columns()[column].name;
    const auto [type, text] = result_->value(column);
    if (type == Type::null) return {};
    if (!may_be(name, type)) [[unlikely]]
        row.problem = fmt::format("the value of column `{}` is {}", name, in_words(type));
    else if (text.size() > kFieldBytesMax) [[unlikely]]
        row.problem = fmt::format("the value of column `{}` is longer than {} MiB", name,
                                  kFieldBytesMax >> 20);
    else if (column != appid_ && !is_valid_text(text)) [[unlikely]]
        row.problem = fmt::format("the value of column `{}` is not valid UTF-8", name);
    return text;
}

}  // namespace dispatcher
