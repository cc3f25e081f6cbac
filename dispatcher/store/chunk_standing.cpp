#include "store/chunk_standing.h"

#include <algorithm>

#include "store/key_merge.h"

namespace dispatcher {

std::chrono::milliseconds ChunkStanding::due_in(WallTime now,
                                                std::optional<WallTime> opening) const {
    constexpr std::chrono::milliseconds kClaimedPause{500};
    const bool is_due = unclaimed > 0 || (next_due && *next_due <= now);
    auto due = next_later;
    if (is_due) due = std::min(opening.value_or(now), due.value_or(WallTime::max()));
    if (!due) return kClaimedPause;  // only what others still hold
    return std::max(*due, now) - now;
}

ChunkStanding stand_of(CampaignId campaign, const AppidList& keys, const FlagRows& flags,
                       std::uint16_t attempts_max, bool is_expired, WallTime now) {
    ChunkStanding standing;
    const auto take_earlier = [](std::optional<WallTime>& first, WallTime due) {
        first = std::min(first.value_or(WallTime::max()), due);
    };
    merge_keys(keys, flags, [&](std::string_view appid, const FlagRows::Row* row) {
        if (row == nullptr) {
            ++standing.unclaimed;
            return;
        }
        switch (row->state) {
            case FlagState::claimed:
                // A claim of another campaign of the scope is that campaign's to settle.
                if (row->campaign == campaign) ++standing.claimed;
                break;
            case FlagState::released:
                if (!has_tries_left(*row, campaign, attempts_max)) {
                    standing.exhausted.push_back(appid);
                    break;
                }
                ++standing.released;
                take_earlier(standing.next_due, row->due_at.value_or(WallTime{}));
                if (row->due_at && *row->due_at > now)
                    take_earlier(standing.next_later, *row->due_at);
                break;
            case FlagState::in_doubt:
                // Another campaign's doubt is on that campaign's report.
                if (row->campaign == campaign) ++standing.in_doubt;
                break;
            case FlagState::delivered:
            case FlagState::rejected:
            case FlagState::skipped:
                break;
        }
    });
    standing.is_settled = standing.claimed == 0 &&
                          (is_expired || (standing.unclaimed == 0 && standing.released == 0));
    return standing;
}

bool has_tries_left(const FlagRows::Row& released, CampaignId campaign,
                    std::uint16_t attempts_max) {
    return released.tries_spent() < attempts_max || released.campaign != campaign;
}

}  // namespace dispatcher
