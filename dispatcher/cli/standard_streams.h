#pragma once

#include <iosfwd>

namespace dispatcher::cli {

/// To be called first of all. Opens whichever of descriptors 0, 1 and 2 the parent left closed: the
/// next file to be opened, the journal say, would get that number and what people are told written
/// into it. And lets a write to a pipe whose reader left fail instead of killing a run in mid-send.
void guard_standard_streams();

/// Throws UnavailableError where results could not be written: a full disk must not look like a
/// complete result.
void check_results(std::ostream& out);

}  // namespace dispatcher::cli
