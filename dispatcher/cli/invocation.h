#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "base/log.h"

namespace dispatcher::cli {

/// Exit codes of every command.
enum Exit : int {
    kExitDone = 0,  ///< all settled; every device delivered, rejected or skipped by rule
    kExitBug = 1,
    kExitUsage = 2,        ///< usage or configuration error; nothing was sent
    kExitLook = 3,         ///< finished, with devices in doubt or undelivered
    kExitRefused = 4,      ///< wrong state, or sealed with other content
    kExitUnavailable = 5,  ///< store or gateway unavailable, or interrupted: safe to restart
    kExitStopped = 6,      ///< stopped by its own judgement: an operator must look
};

/// Options that stand before or after any verb.
struct Globals {
    std::string config;
    std::optional<LogLevel> log_level;
    bool json = false;
};

/// One command as it was typed: where it speaks, and what it does.
struct Invocation {
    Globals globals;
    std::ostream& out;  ///< results
    std::ostream& err;  ///< people's text: progress, hints, questions
    /// Carries the command out and answers its exit code; set by the verb that was chosen.
    std::function<int()> action;
};

}  // namespace dispatcher::cli
