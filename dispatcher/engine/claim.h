#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "audience/chunk_block.h"
#include "base/clock.h"
#include "campaign/appid_list.h"
#include "campaign/dead_device.h"
#include "campaign/ids.h"
#include "engine/bound_addresses.h"
#include "engine/device_tokens.h"
#include "journal/journal.h"
#include "store/flag_store.h"

namespace dispatcher {

/// A chunk that a lane holds, with its content. Shared by claims made in it; immutable but for the
/// atomics.
struct ChunkLease {
    ChunkHead head;
    ScopeId scope;
    AppidList keys;
    std::optional<ChunkData> data;
    /// Not sent to: rejected without a request. As the store knew them when the chunk was leased.
    DeadRows dead;

    /// When our right to claim and to begin sends ends, by our own clock (ns of BootTime).
    std::atomic<std::int64_t> valid_until_ns{0};
    /// Claims in this chunk that are not settled to the last row.
    std::atomic<std::uint32_t> open_claims{0};

    [[nodiscard]] BootTime valid_until() const {
        return BootTime(std::chrono::nanoseconds(valid_until_ns.load(std::memory_order_relaxed)));
    }
    void extend(BootTime until) {
        valid_until_ns.store(until.time_since_epoch().count(), std::memory_order_relaxed);
    }
};

/// The recipients of one batch that this lane won. Move-only: the right to send is not copied.
/// Dropping one loses no right and no row; journal and store remember it.
struct Claim {
    struct Row {
        std::uint32_t row = 0;      ///< in the chunk
        std::uint16_t slot = 0;     ///< in the journal batch
        std::uint16_t tries = 0;    ///< before this claim, of the allowance
        bool was_rejected = false;  ///< before an operator gave it its second chance
    };

    ClaimId id;
    BatchNo batch = 0;
    std::shared_ptr<ChunkLease> chunk;
    std::vector<Row> rows;
    BootTime not_before{};  ///< its place in the campaign's rate
    /// Absent where the recipients' addresses are those that were sealed.
    std::unique_ptr<const BoundAddresses> addresses;

    /// What is known of a recipient, with the address that it is sent to. Views live as long as the
    /// claim.
    void values_of(const Row& row, std::vector<std::string_view>& values) const {
        chunk->data->row(row.row, values);
        if (addresses) addresses->put(row.slot, values);
    }
    /// Why nothing is to be sent to a recipient's token: it is known to be dead.
    [[nodiscard]] std::optional<Reason> dead_reason(const Row& row) const {
        const auto& dead = addresses ? addresses->dead() : chunk->dead;
        const auto found = dead.find(addresses ? row.slot : row.row);
        return found == dead.end() ? std::nullopt : std::optional(found->second);
    }

    Claim() = default;
    Claim(Claim&&) = default;
    Claim& operator=(Claim&&) = default;
};

/// Work for the settler.
struct SettleJob {
    Settlement settlement;
    BatchNo batch = 0;
    std::shared_ptr<ChunkLease> chunk;
    bool ends_claim = false;       ///< every row of the claim is in this job or an earlier one
    std::vector<DeadDevice> dead;  ///< to be told to the observer when it is settled
};

}  // namespace dispatcher
