#include "campaign/send_window.h"

#include <fmt/format.h>

namespace dispatcher {

std::string time_of_day_text(std::chrono::minutes time) {
    return fmt::format("{:02}:{:02}", time.count() / 60, time.count() % 60);
}

std::string window_text(const SendWindow& window) {
    return fmt::format("{} to {} {}", time_of_day_text(window.from), time_of_day_text(window.to),
                       window.is_by_recipient() ? "by each recipient's clock" : window.zone);
}

}  // namespace dispatcher
