#pragma once

#include <string>

#include "cli/invocation.h"
#include "cli/site.h"

namespace dispatcher::cli {

/// "The store is halted since … by … (why): nothing is sent."
std::string halt_sentence(const Halt& halt);

/// Whether an operator halted the whole store; then says so, and what lifts it. Whoever would send
/// ends with kExitStopped.
bool is_halted(Site& site, Invocation& invocation);

}  // namespace dispatcher::cli
