#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dispatcher {

/// The candidate that a mistyped name most likely means (fewest edits, swapped neighbours count as
/// one, case counts little), or "" if none is near. For the "did you mean" of error messages.
std::string nearest_name(std::string_view wrong, const std::vector<std::string>& candidates);

/// How a message about an unknown name goes on: "; did you mean 'x'?", or, if nothing is near,
/// "; known: a, b, c", or "" if there are none.
std::string hint_for(std::string_view wrong, const std::vector<std::string>& candidates);

}  // namespace dispatcher
