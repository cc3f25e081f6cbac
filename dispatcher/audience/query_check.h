#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dispatcher {

/// What an audience query must not be, as far as its text tells; nothing if all is well. One
/// statement that only selects: what a read-only transaction cannot forbid (files written by INTO,
/// procedures, locks) is refused here. The database has the last word on everything else.
std::optional<std::string> query_problem(std::string_view query);

}  // namespace dispatcher
