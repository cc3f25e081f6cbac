#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace dispatcher {

/// Bounds and times of the engine. The defaults carry full speed on one machine.
struct EngineOptions {
    std::chrono::milliseconds lease{30'000};           ///< right to claim in a chunk, ≥ 1 s
    std::chrono::milliseconds store_patience{60'000};  ///< wait for a lost store in mid-run
    std::uint32_t batch_rows = 1000;                   ///< recipients of one claim, at most
    std::uint32_t chunks_per_lane = 4;                 ///< leased at once
    std::size_t ready_claims = 2;       ///< claimed and not yet begun; each crash strands as many
    std::size_t settle_jobs = 8;        ///< waiting for the store before the sender holds back
    std::uint32_t held_retries = 1000;  ///< rows that wait in memory for a re-send
    std::chrono::milliseconds hold_up_to{1000};   ///< a longer delay is released with a due time
    std::chrono::milliseconds settle_after{250};  ///< answers wait so long for the rest of a claim
    std::chrono::milliseconds poll{500};          ///< how often idle machines look again
    /// How often a lane looks whether its campaign still runs as it knows it.
    std::chrono::milliseconds watch{250};
};

}  // namespace dispatcher
