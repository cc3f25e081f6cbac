#pragma once

#include <string_view>

namespace dispatcher::cli {

/// The style sheet of the report's page, on screen and on paper; it names nothing outside.
extern const std::string_view kReportStyle;

}  // namespace dispatcher::cli
