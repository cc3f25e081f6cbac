#pragma once

#include <cstdint>

namespace dispatcher {

/// State of a flag, the row of (scope, appid). No row at all means: never claimed.
enum class FlagState : std::uint8_t {
    claimed = 1,    ///< someone holds the right to send and may be using it
    delivered = 2,  ///< the gateway accepted it (or a policy or a person said so); absorbing
    rejected = 3,   ///< the gateway refused this device for good
    released = 4,   ///< proved not sent; may be claimed again when it is due
    in_doubt = 5,   ///< it may have been sent; nobody can know
    skipped = 6,    ///< settled without sending
};

/// Which move a settlement makes; numbers as in the transition table of the flag protocol.
enum class Transition : std::uint8_t { T1 = 1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11 };

/// Whether the table allows this move (`from` nullopt-like 0 means: no row).
bool is_legal(Transition transition, FlagState from, FlagState to);

const char* to_string(FlagState state);

}  // namespace dispatcher
