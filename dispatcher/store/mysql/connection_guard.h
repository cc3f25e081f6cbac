#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "store/store_error.h"

namespace dispatcher::mysql {

/// What an error number of the server or the client library means for the transaction, by the
/// closed list of the flag protocol: what is not on it is ambiguous.
StoreError::Kind kind_of(int error_number);

/// Whether the connection can be used again after this error.
bool survives(int error_number);

/// Runs a call to the connector: the one place where its exceptions become StoreErrors. Sets
/// `is_broken` when the connection does not survive.
void guarded(bool& is_broken, const std::function<void()>& call);

/// The same for connecting: nothing was sent yet, so every failure is `unavailable`. `place` is
/// whom it was to reach. Answers what went wrong, or nothing.
std::string connect_problem(std::string_view place, const std::function<void()>& call);

/// Whether a guarded call came through, for what may not throw.
bool succeeds(const std::function<void()>& call) noexcept;

}  // namespace dispatcher::mysql
