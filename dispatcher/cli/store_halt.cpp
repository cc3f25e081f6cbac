#include "cli/store_halt.h"

#include <ostream>

#include <fmt/format.h>

#include "base/time_text.h"
#include "cli/next_command.h"

namespace dispatcher::cli {

std::string halt_sentence(const Halt& halt) {
    return fmt::format("The store is halted since {} by {}{}: nothing is sent.",
                       to_iso_text(halt.since), halt.who,
                       halt.because.empty() ? "" : " (" + halt.because + ")");
}

bool is_halted(Site& site, Invocation& invocation) {
    const auto halt = site.campaigns().halted();
    if (!halt) return false;
    invocation.err << halt_sentence(*halt) << "\nNext: " << next_under_halt() << "\n";
    return true;
}

}  // namespace dispatcher::cli
