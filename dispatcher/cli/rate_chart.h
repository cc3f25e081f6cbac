#pragma once

#include <string>

#include "engine/report_timeline.h"

namespace dispatcher::cli {

/// The largest rate of any bin, events per second.
double peak_rate(const ReportTimeline& timeline);

/// Events per second over time as an inline SVG picture with title, description and axes; "" if
/// there were no events. Pure.
std::string rate_chart(const ReportTimeline& timeline);

}  // namespace dispatcher::cli
