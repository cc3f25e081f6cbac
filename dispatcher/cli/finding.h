#pragma once

#include <string>
#include <utility>
#include <vector>

namespace dispatcher::cli {

/// One thing that `doctor` looked at.
struct Finding {
    enum class Level { fine, look, problem } level = Level::fine;
    std::string subject;
    std::string text;
    std::string cure;      ///< the exact setting or command; "" where nothing is to be done
    bool is_away = false;  ///< a problem that may go by itself: something cannot be reached
};

/// What a database's settings, as the store reports them, mean for the promise that an acknowledged
/// commit stays. Pure.
std::vector<Finding> durability_findings(
    const std::vector<std::pair<std::string, std::string>>& settings);

}  // namespace dispatcher::cli
