#pragma once

#include <map>
#include <string>
#include <utility>

namespace dispatcher {

/// Where the variables of a message stand in its template file, the first time each: (locale,
/// name) → file:line:column. Locale "" stands for the gateways' blocks, which all locales share.
/// Only for messages: what is written where nobody looked (behind an alias) is missing.
using TagPlaces = std::map<std::pair<std::string, std::string>, std::string>;

}  // namespace dispatcher
