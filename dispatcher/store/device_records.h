#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "campaign/appid_list.h"
#include "campaign/campaign_state.h"
#include "store/campaign_store.h"

namespace dispatcher {

/// A chunk in whose range of keys an appid lies; whether it is in it, only its keys tell.
struct DevicePlace {
    CampaignId campaign;
    ScopeId scope;     ///< 0 for a draft
    std::string name;  ///< "" for a draft
    CampaignState state = CampaignState::draft;
    ChunkNo chunk;
};

/// The process that a claim id names.
struct ProcessRecord {
    std::string host;
    std::int64_t pid = 0;
    WallTime started_at{};
    std::optional<WallTime> closed_at;
};

/// A chunk without those of its recipients that were forgotten.
struct RewrittenChunk {
    Sha256Digest seen_sha256{};  ///< of the chunk as it was read; another one now: not replaced
    bool seen_data = false;      ///< and whether it had its data
    std::string key_lo;
    std::string key_hi;
    AppidList tombstones;  ///< of everybody forgotten in it, the new one included
    std::string keys;
    std::optional<std::string> data;  ///< absent where it was dropped before
    Sha256Digest data_sha256{};       ///< of `data`, or of what stands for it
    Sha256Digest sha256{};            ///< of keys and data_sha256
};

/// Port: what the store holds of one device besides its flags, and how that is forgotten, in steps
/// of one short transaction each, each of which may be repeated. Throws StoreError. One thread at
/// a time.
class DeviceRecords {
  public:
    virtual ~DeviceRecords() = default;

    /// In every campaign and draft. Scans the heads of all chunks.
    virtual std::vector<DevicePlace> places_of(std::string_view appid) = 0;
    virtual std::optional<ProcessRecord> process_of(IncarnationId incarnation) = 0;
    virtual bool is_suppressed(std::string_view appid) = 0;

    // -- forgetting -----------------------------------------------------------------------------
    /// The key of the store's tombstones, 32 random bytes; drawn when it is first asked for.
    virtual std::string tombstone_key() = 0;
    /// Replaces a chunk of a finished campaign; false if it is not finished any more, or the chunk
    /// is another one than was seen.
    virtual bool rewrite_chunk(CampaignId campaign, ChunkNo chunk, const RewrittenChunk& to) = 0;
    /// Puts the tombstone in the place of the flag's appid. Refuses (false), and changes nothing,
    /// if the appid lies in the range of a chunk of a draft, or of a campaign that is not finished,
    /// that is not among those `known` not to hold it; or if the flag is claimed.
    virtual bool bury_flag(ScopeId scope, std::string_view appid, std::string_view tombstone,
                           std::span<const DevicePlace> known) = 0;

    // -- and an audience that names a forgotten device again ------------------------------------
    /// Whether the scope has tombstones. Waits for a burial that is going on: either that one sees
    /// the chunks stored before this call, or this sees its tombstone.
    virtual bool has_tombstones(ScopeId scope) = 0;
    struct Revival {
        std::string tombstone;
        std::string_view appid;
    };
    /// Lets the flags behind these tombstones hold for their appids again, but for released ones;
    /// the tombstones stay. At most 1,000. Answers how many there were.
    virtual std::size_t revive(ScopeId scope, std::span<const Revival> devices) = 0;
};

/// Stands as the holder of a revived flag: whose campaign it was, only its tombstone tells.
inline constexpr CampaignId kForgottenHolder{0};

}  // namespace dispatcher
