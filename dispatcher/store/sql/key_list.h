#pragma once

#include <span>
#include <string>
#include <string_view>

#include "store/sql/dialect.h"
#include "store/store_session.h"

namespace dispatcher::sql {

/// Most appids that one statement may name.
inline constexpr std::size_t kKeysMax = 1000;

/// "scope_id=… AND appid IN (…)". At least one key, at most kKeysMax.
std::string where_keys(const Dialect& dialect, ScopeId scope,
                       std::span<const std::string_view> appids);

/// "scope_id=… AND appid BETWEEN … AND …".
std::string where_range(const Dialect& dialect, const KeyRange& range);

}  // namespace dispatcher::sql
