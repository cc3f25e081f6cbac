#include "campaign/campaign_state.h"

#include <array>

namespace dispatcher {
namespace {

using enum CampaignState;

constexpr std::uint16_t bit(CampaignState state) {
    return static_cast<std::uint16_t>(1U << static_cast<unsigned>(state));
}

/// Indexed by the state that is left; the bits are the states that may follow.
constexpr std::array<std::uint16_t, 10> kMoves = {
    /* draft           */ bit(sealed),
    /* sealed          */ bit(running) | bit(cancelled) | bit(frozen) | bit(purged),
    /* running         */ bit(paused) | bit(reconciling) | bit(cancelled) | bit(frozen),
    /* paused          */ bit(running) | bit(cancelled) | bit(frozen),
    /* reconciling     */ bit(running) | bit(paused) | bit(done) | bit(done_with_doubt) |
        bit(cancelled) | bit(frozen),
    /* done            */ bit(reconciling) | bit(frozen) | bit(purged),
    /* done_with_doubt */ bit(reconciling) | bit(frozen) | bit(purged),
    /* cancelled       */ bit(frozen) | bit(purged),
    /* frozen          */ bit(running) | bit(cancelled),
    /* purged          */ 0,
};

constexpr std::array<std::string_view, 10> kNames = {
    "draft", "sealed",          "running",   "paused", "reconciling",
    "done",  "done_with_doubt", "cancelled", "frozen", "purged"};

}  // namespace

bool may_move(CampaignState from, CampaignState to) {
    return (kMoves[static_cast<std::size_t>(from)] & bit(to)) != 0;
}

bool is_finished(CampaignState state) {
    return state == done || state == done_with_doubt || state == cancelled || state == purged;
}

std::string_view to_string(CampaignState state) {
    return kNames[static_cast<std::size_t>(state)];
}

}  // namespace dispatcher
