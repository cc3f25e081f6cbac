#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "store/store_session.h"

namespace dispatcher {

/// How a chunk stands when nobody is sending in it.
struct ChunkStanding {
    bool is_settled = false;  ///< every recipient is settled, or another campaign's
    std::size_t unclaimed = 0;
    std::size_t released = 0;
    std::size_t claimed = 0;
    std::size_t in_doubt = 0;  ///< of this campaign: another one's doubt is its own
    // Of released rows, by the database's clock:
    std::optional<WallTime> next_due;    ///< the first due time, passed or not
    std::optional<WallTime> next_later;  ///< the first that has not passed yet
    /// Released rows whose tries are used up: to be given up. Views into the keys.
    std::vector<std::string_view> exhausted;

    /// When an unfinished chunk is worth another walk. Recipients that could be sent to already
    /// wait for `opening`, if there is one.
    [[nodiscard]] std::chrono::milliseconds due_in(WallTime now,
                                                   std::optional<WallTime> opening) const;
};

/// Compares a chunk's keys with the flags of its range at `now`. With `is_expired` recipients
/// without a flag, or released, need nothing more.
ChunkStanding stand_of(CampaignId campaign, const AppidList& keys, const FlagRows& flags,
                       std::uint16_t attempts_max, bool is_expired, WallTime now);

/// Whether `campaign` may try a released row again. Tries that another campaign of the scope used
/// up do not count: that campaign gave its row back, and may be over.
bool has_tries_left(const FlagRows::Row& released, CampaignId campaign, std::uint16_t attempts_max);

}  // namespace dispatcher
