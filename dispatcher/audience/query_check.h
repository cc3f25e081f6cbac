#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dispatcher {

/// What an audience query must not be, as far as its text tells; nothing if all is well. One
/// statement that only selects: what a read-only transaction cannot forbid (files written by INTO,
/// procedures, locks) is refused here. The database has the last word on everything else.
std::optional<std::string> query_problem(std::string_view query);

/// What a refresh query writes for the list of appids that it is asked for.
inline constexpr std::string_view kAppidsMark = ":appids";

/// Where the query has the mark, as offsets; not within texts, quoted names and comments.
std::vector<std::size_t> find_appids_marks(std::string_view query);
/// The same as query_problem(), of a query that must have the mark.
std::optional<std::string> refresh_query_problem(std::string_view query);

}  // namespace dispatcher
