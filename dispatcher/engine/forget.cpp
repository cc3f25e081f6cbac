#include "engine/forget.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "audience/chunk_block.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "campaign/tombstone.h"

namespace dispatcher {
namespace {

constexpr std::size_t kChunksPage = 500;
constexpr std::size_t kKeysPage = 1000;
/// How often a chunk or a flag that changed meanwhile is looked at again.
constexpr int kLooks = 5;
/// A draft that is older is of a process that was never declared dead.
constexpr auto kDraftAgeMax = std::chrono::hours(24);
/// Tombstones in the audit belong to no scope.
constexpr ScopeId kAuditScope{0};

std::optional<std::size_t> row_of(const AppidList& keys, std::string_view appid) {
    for (std::size_t row = 0; row < keys.size(); ++row)
        if (keys[row] == appid) return row;
    return std::nullopt;
}

bool holds(CampaignStore& store, const DevicePlace& place, std::string_view appid) {
    const auto payload = store.session().read_payload(place.campaign, place.chunk, false);
    return payload && row_of(read_chunk_keys(payload->keys), appid).has_value();
}

/// The places whose chunk really holds the appid, and those that turned out not to.
struct Places {
    std::vector<DevicePlace> holding;
    std::vector<DevicePlace> clear;
};

Places look(CampaignStore& store, DeviceRecords& records, std::string_view appid) {
    Places places;
    for (auto& place : records.places_of(appid))
        (holds(store, place, appid) ? places.holding : places.clear).push_back(std::move(place));
    return places;
}

void refuse_unfinished(const Places& places) {
    for (const auto& place : places.holding) {
        if (is_finished(place.state)) continue;
        if (place.name.empty())
            throw RefusedError(
                "a campaign that is being launched now has this device in its audience; forget it "
                "when that campaign is finished");
        throw RefusedError(fmt::format(
            "{} is {} and has this device in its audience; nothing was changed. `pushonce suppress "
            "add` keeps it from being notified now; forget it when {} is finished or cancelled",
            place.name, to_string(place.state), place.name));
    }
}

/// The chunk without this recipient. Everybody else stays as they were, in their order.
RewrittenChunk without(const ChunkPayload& payload, std::size_t forgotten,
                       std::string_view tombstone) {
    const auto keys = read_chunk_keys(payload.keys);
    std::optional<ChunkData> data;
    if (payload.data) data.emplace(*payload.data);
    RewrittenChunk to;
    to.seen_sha256 = payload.sha256;
    to.seen_data = payload.data.has_value();
    to.tombstones = payload.forgotten;
    to.tombstones.push(tombstone);
    to.key_lo = to.key_hi = std::string(1, kTombstoneMark);  // where nobody is left
    ChunkWriter writer;
    std::vector<std::string_view> values;
    bool is_first = true;
    for (std::size_t row = 0; row < keys.size(); ++row) {
        if (row == forgotten) continue;
        values.clear();
        if (data) data->row(row, values);
        writer.add(keys[row], values);
        if (is_first) to.key_lo = std::string(keys[row]);
        to.key_hi = std::string(keys[row]);
        is_first = false;
    }
    auto blocks = writer.finish();
    to.data_sha256 = chunk_data_sha256(blocks.data);
    to.sha256 = blocks.sha256;
    to.keys = std::move(blocks.keys);
    if (payload.data) to.data = std::move(blocks.data);
    return to;
}

void forget_in_chunk(CampaignStore& store, DeviceRecords& records, const DevicePlace& place,
                     std::string_view appid, std::string_view tombstone) {
    for (int looks_left = kLooks; looks_left > 0; --looks_left) {
        const auto payload = store.session().read_payload(place.campaign, place.chunk, true);
        if (!payload) return;  // purged meanwhile
        const auto row = row_of(read_chunk_keys(payload->keys), appid);
        if (!row) return;
        if (records.rewrite_chunk(place.campaign, place.chunk, without(*payload, *row, tombstone)))
            return;
    }
    throw RefusedError(fmt::format(
        "{} was taken up again meanwhile; what is left of this device is forgotten when that is "
        "finished and this command is given again",
        place.name));
}

void bury(CampaignStore& store, DeviceRecords& records, ScopeId scope, std::string_view appid,
          std::string_view tombstone) {
    for (int looks_left = kLooks; looks_left > 0; --looks_left) {
        const auto places = look(store, records, appid);
        refuse_unfinished(places);
        if (records.bury_flag(scope, appid, tombstone, places.clear)) return;
    }
    throw RefusedError(
        "a flag of this device is claimed by a process, or a launch is going on; the same command "
        "again goes on when that is over");
}

}  // namespace

// Plan: chunks first, flags last. While the flag bears the appid it holds for everyone; once no
// chunk of a finished campaign holds the appid, no campaign that is taken up again can ask for it;
// and a new audience that names it finds the tombstone when it is sealed.
Forgotten forget_device(CampaignStore& store, DeviceRecords& records, std::string_view appid,
                        const Actor& actor) {
    store.drop_dead_drafts(kDraftAgeMax);
    const auto places = look(store, records, appid);
    refuse_unfinished(places);
    const auto flags = store.flags_of(appid);
    for (const auto& flag : flags)
        if (flag.row.state == FlagState::claimed)
            throw RefusedError(
                fmt::format("{} holds a claim on this device: a process may be sending to it. "
                            "`pushonce restart "
                            "{}` settles what a dead one left",
                            flag.campaign, flag.campaign));

    const auto key = records.tombstone_key();
    Forgotten forgotten;
    forgotten.tombstone = tombstone_name(tombstone_of(key, kAuditScope, appid));
    forgotten.is_suppressed = records.is_suppressed(appid);
    if (places.holding.empty() && flags.empty()) return forgotten;
    store.add_audit({0}, "forget", forgotten.tombstone, actor);
    std::set<std::string> names;
    for (const auto& place : places.holding) {
        forget_in_chunk(store, records, place, appid, tombstone_of(key, place.scope, appid));
        names.insert(place.name);
        crash_point("CP34");
    }
    for (const auto& flag : flags) {
        const auto scope = store.scope_of(flag.scope);
        if (!scope) continue;
        bury(store, records, *scope, appid, tombstone_of(key, *scope, appid));
        ++forgotten.flags;
        crash_point("CP35");
    }
    forgotten.campaigns.assign(names.begin(), names.end());
    return forgotten;
}

std::uint64_t revive_forgotten(CampaignStore& store, DeviceRecords& records, CampaignId draft,
                               std::string_view once_per) {
    const auto scope = store.scope_of(once_per);
    if (!scope || !records.has_tombstones(*scope)) return 0;
    const auto key = records.tombstone_key();
    std::uint64_t revived = 0;
    for (ChunkNo first{0};;) {
        const auto chunks = store.session().list_chunks(draft, first, kChunksPage);
        for (const auto& chunk : chunks) {
            const auto payload = store.session().read_payload(draft, chunk.no, false);
            if (!payload) continue;
            const auto keys = read_chunk_keys(payload->keys);
            std::vector<DeviceRecords::Revival> page;
            for (std::size_t row = 0; row < keys.size(); ++row) {
                page.push_back({tombstone_of(key, *scope, keys[row]), keys[row]});
                if (page.size() < kKeysPage && row + 1 < keys.size()) continue;
                revived += records.revive(*scope, page);
                page.clear();
            }
        }
        if (chunks.size() < kChunksPage) return revived;
        first.value = chunks.back().no.value + 1;
    }
}

}  // namespace dispatcher
