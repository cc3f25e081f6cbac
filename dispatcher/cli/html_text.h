#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace dispatcher::cli {

/// Text as it stands in HTML, inside an element or a quoted attribute: nothing in it can open or
/// end markup. Bytes that are not UTF-8, and control characters, become U+FFFD.
std::string html(std::string_view text);

/// The same as an element of its own, so that a text that runs from right to left, or says that it
/// does, disturbs nothing around it.
std::string html_value(std::string_view text);

/// A `time` element: "2027-03-01 09:00:03 UTC", with the exact time in its attribute.
std::string html_time(WallTime time);

}  // namespace dispatcher::cli
