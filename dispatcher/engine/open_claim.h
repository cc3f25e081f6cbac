#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "campaign/outcome.h"
#include "engine/claim.h"

namespace dispatcher {

/// A claim that is being sent: its rows and how far each of them is. One thread.
class OpenClaim {
  public:
    enum class Phase : std::uint8_t {
        waiting,   ///< not sent yet
        held,      ///< waits for a re-send, or for room, under this claim
        wire,      ///< given to the gateway
        withheld,  ///< refused in a way that may not be the device's fault
        answered,  ///< its outcome is known here
        settled,   ///< its outcome was handed to the settler: our right to it is spent
    };
    struct Row {
        Phase phase = Phase::waiting;
        FlagState to = FlagState::claimed;
        Reason reason = Reason::none;
        std::uint16_t tries_added = 0;
        std::uint8_t resends = 0;  ///< after proof of not sent, within this claim
        std::uint8_t asides = 0;   ///< times that its own service had no room, within this claim
        std::chrono::milliseconds due_in{0};
        /// A request may have been processed, and it may be sent again all the same
        /// (Gateway::repeatable_for). Only an answer or doubt can follow: never a release.
        bool is_doubtful = false;
        BootTime sent_at{};  ///< first request that is not proved unprocessed
    };

    OpenClaim(Claim taken, std::uint32_t number);

    /// Records a row's outcome.
    void answer(std::uint32_t row, FlagState to, Reason reason, BootTime now);

    /// The outcome as the breaker shall see it: a device that was rejected before, and that an
    /// operator wanted to be tried again, is no sign of a wrong configuration.
    [[nodiscard]] Outcome weigh(std::uint32_t row, Outcome outcome) const;

    /// Everything that is answered and not yet settled, as one settlement: what is not plainly
    /// delivered by keys, in groups; long runs of finished rows by range. `ranges_allowed`: our
    /// lease still holds, so nobody can have put our rows in doubt, which a range would not see.
    SettleJob settle(CampaignId campaign, bool ranges_allowed);

    /// The gateway called a device's token dead: the next settlement says so too. `token`: as the
    /// store remembers it, if the device has one.
    void note_dead(DeadDevice device, std::optional<DeadToken> token);

    /// A settlement of this claim without any rows yet.
    [[nodiscard]] Settlement identify(CampaignId campaign) const;
    [[nodiscard]] std::string_view appid(std::size_t row) const {
        return claim.chunk->keys[claim.rows[row].row];
    }

    Claim claim;
    std::vector<Row> rows;
    std::size_t next = 0;  ///< first row never looked at
    std::size_t unanswered;
    std::size_t unsettled;
    std::optional<BootTime> answered_since;  ///< the eldest answer that is not settled
    const std::uint32_t serial;              ///< tells apart claims that had the same place

  private:
    void add_to_group(Settlement& settlement, std::size_t row) const;

    std::vector<DeadToken> dead_;           ///< not settled yet
    std::vector<DeadDevice> dead_devices_;  ///< the same
};

}  // namespace dispatcher
