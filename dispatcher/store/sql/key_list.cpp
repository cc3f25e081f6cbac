#include "store/sql/key_list.h"

#include <fmt/format.h>

#include "base/invariant.h"

namespace dispatcher::sql {

std::string where_keys(const Dialect& dialect, ScopeId scope,
                       std::span<const std::string_view> appids) {
    invariant(!appids.empty() && appids.size() <= kKeysMax, "a statement names 1 to 1,000 appids");
    auto where = fmt::format("scope_id={} AND appid IN (", scope.value);
    for (const auto appid : appids) {
        dialect.append_key(where, appid);
        where.push_back(',');
    }
    where.back() = ')';
    return where;
}

std::string where_range(const Dialect& dialect, const KeyRange& range) {
    return fmt::format("scope_id={} AND appid BETWEEN {} AND {}", range.scope.value,
                       dialect.key(range.lo), dialect.key(range.hi));
}

}  // namespace dispatcher::sql
