#include "campaign/flag.h"

#include <algorithm>
#include <array>

namespace dispatcher {
namespace {

using enum FlagState;
using enum Transition;

/// No row at all; the protocol calls it NEW.
constexpr FlagState kNoRow{0};

struct Move {
    Transition transition;
    FlagState from;
    FlagState to;
    constexpr bool operator==(const Move&) const = default;
};

/// The transition table of the flag protocol (§3), and T11: opted out before it was claimed.
constexpr std::array kMoves = {
    Move{T1, kNoRow, claimed},     Move{T2, released, claimed},   Move{T3, claimed, delivered},
    Move{T3, in_doubt, delivered}, Move{T4, claimed, rejected},   Move{T4, in_doubt, rejected},
    Move{T5, claimed, released},   Move{T5, in_doubt, released},  Move{T6, claimed, in_doubt},
    Move{T7, in_doubt, delivered}, Move{T7, in_doubt, skipped},   Move{T8, in_doubt, released},
    Move{T9, released, skipped},   Move{T10, rejected, released}, Move{T10, skipped, released},
    Move{T11, kNoRow, skipped},
};

constexpr std::array<const char*, 7> kNames = {"new",      "claimed",  "delivered", "rejected",
                                               "released", "in_doubt", "skipped"};

}  // namespace

bool is_legal(Transition transition, FlagState from, FlagState to) {
    return std::find(kMoves.begin(), kMoves.end(), Move{transition, from, to}) != kMoves.end();
}

const char* to_string(FlagState state) {
    const auto index = static_cast<std::size_t>(state);
    return index < kNames.size() ? kNames[index] : "unknown";
}

}  // namespace dispatcher
