#include "store/sql/sql_device_records.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/random.h"
#include "campaign/tombstone.h"
#include "store/sql/key_list.h"
#include "store/sql/payload_row.h"

namespace dispatcher::sql {
namespace {

// No index helps here; there is one row for some 8,000 recipients.
constexpr auto kPlaces =
    "SELECT chunk.campaign_id, campaign.scope_id, campaign.name, campaign.state, chunk.chunk_no"
    " FROM chunk JOIN campaign ON campaign.id=chunk.campaign_id"
    " WHERE chunk.key_lo<={appid} AND chunk.key_hi>={appid}"
    " ORDER BY campaign.sealed_at, chunk.campaign_id, chunk.chunk_no";
constexpr auto kProcess = "SELECT host, pid, started_at, closed_at FROM incarnation WHERE id={}";
constexpr auto kSuppressed = "SELECT COUNT(*) FROM suppression WHERE appid={}";
constexpr auto kReadKey = "SELECT hmac_key FROM forget_key WHERE one=1";
constexpr auto kMakeKey = "INSERT INTO forget_key (one, hmac_key, made_at) VALUES (1,{},{}){}";

constexpr auto kSeenPayload =
    "SELECT chunk.sha256, chunk_payload.codec, chunk_payload.keys_block, NULL FROM chunk,"
    " chunk_payload WHERE chunk.campaign_id={id} AND chunk.chunk_no={no}"
    " AND chunk_payload.campaign_id={id} AND chunk_payload.chunk_no={no}";
constexpr auto kRewritePayload =
    "UPDATE chunk_payload SET keys_block={keys}, data_block={data}, codec={codec}"
    " WHERE campaign_id={id} AND chunk_no={no}";
constexpr auto kRewriteRange =
    "UPDATE chunk SET key_lo={lo}, key_hi={hi} WHERE campaign_id={id} AND chunk_no={no}";

// One row that burials hold while they look and write, and launches while they look.
constexpr auto kGate = "SELECT one FROM store_id WHERE one=1{}";
constexpr auto kReadFlag = "SELECT campaign_id, state FROM delivery WHERE scope_id={} AND appid={}";
constexpr auto kDeleteFlag = "DELETE FROM delivery WHERE scope_id={} AND appid={}";
constexpr auto kRename = "UPDATE delivery SET appid={} WHERE scope_id={} AND appid={}";
constexpr auto kHasTombstones = "SELECT 1 FROM delivery WHERE scope_id={} AND appid>={} LIMIT 1";
constexpr auto kBuriedAmong = "SELECT appid FROM delivery WHERE {} AND state<>4";
constexpr auto kRevive =
    "INSERT INTO delivery (scope_id, appid, campaign_id, state, claims, tries, claim_id, code,"
    " due_at, changed_at) SELECT scope_id, {appid}, {holder}, state, claims, tries, claim_id, code,"
    " due_at, changed_at FROM delivery WHERE scope_id={scope} AND appid={tombstone}";

constexpr std::size_t kKeyBytes = 32;

DevicePlace place_of(const Row& row) {
    DevicePlace place;
    place.campaign = {static_cast<std::uint32_t>(row.integer(0))};
    place.scope = {static_cast<std::uint32_t>(row.integer(1))};
    place.name = std::string(row.bytes(2));
    place.state = static_cast<CampaignState>(row.integer(3));
    place.chunk = {static_cast<std::uint32_t>(row.integer(4))};
    return place;
}

std::vector<DevicePlace> read_places(GuardedConnection& connection, std::string_view appid) {
    std::vector<DevicePlace> places;
    connection.query(fmt::format(kPlaces, fmt::arg("appid", connection.dialect().key(appid))),
                     [&](const Row& row) { places.push_back(place_of(row)); });
    return places;
}

struct FoundFlag {
    CampaignId holder;
    FlagState state = FlagState::claimed;
};

std::optional<FoundFlag> find_flag(GuardedConnection& connection, ScopeId scope,
                                   std::string_view appid) {
    std::optional<FoundFlag> found;
    connection.query(fmt::format(kReadFlag, scope.value, connection.dialect().key(appid)) +
                         std::string(connection.dialect().for_update),
                     [&](const Row& row) {
                         found = FoundFlag{{static_cast<std::uint32_t>(row.integer(0))},
                                           static_cast<FlagState>(row.integer(1))};
                     });
    return found;
}

void enter(GuardedConnection& connection, std::string_view lock) {
    connection.query(fmt::format(kGate, lock), [](const Row&) {});
}

std::string random_key() {
    SystemRandom random;
    std::string key;
    while (key.size() < kKeyBytes) {
        const auto bits = random.next();
        key.append(reinterpret_cast<const char*>(&bits), sizeof bits);
    }
    return key;
}

bool is_known(std::span<const DevicePlace> known, const DevicePlace& place) {
    return std::ranges::any_of(known, [&](const DevicePlace& each) {
        return each.campaign == place.campaign && each.chunk == place.chunk;
    });
}

}  // namespace

SqlDeviceRecords::SqlDeviceRecords(std::unique_ptr<ConnectionSource> source)
    : retrying_(std::move(source)) {}

std::vector<DevicePlace> SqlDeviceRecords::places_of(std::string_view appid) {
    return retrying_.run(
        [&](SqlSession& session) { return read_places(session.connection(), appid); });
}

std::optional<ProcessRecord> SqlDeviceRecords::process_of(IncarnationId incarnation) {
    return retrying_.run([&](SqlSession& session) {
        std::optional<ProcessRecord> process;
        session.connection().query(fmt::format(kProcess, incarnation.value), [&](const Row& row) {
            const auto wall = [&](unsigned column) {
                return WallTime(std::chrono::milliseconds(row.integer(column)));
            };
            process = ProcessRecord{std::string(row.bytes(0)), row.integer(1), wall(2), {}};
            if (!row.is_null(3)) process->closed_at = wall(3);
        });
        return process;
    });
}

bool SqlDeviceRecords::is_suppressed(std::string_view appid) {
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        bool found = false;
        connection.query(fmt::format(kSuppressed, connection.dialect().key(appid)),
                         [&](const Row& row) { found = row.integer(0) > 0; });
        return found;
    });
}

std::string SqlDeviceRecords::tombstone_key() {
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        const auto& dialect = connection.dialect();
        std::string key;
        const auto read = [&] {
            connection.query(kReadKey, [&](const Row& row) { key = std::string(row.bytes(0)); });
        };
        read();
        if (!key.empty()) return key;
        connection.exec(fmt::format(kMakeKey, dialect.key(random_key()), dialect.now_ms,
                                    dialect.keep_existing("forget_key", "one")));
        read();
        return key;
    });
}

bool SqlDeviceRecords::rewrite_chunk(CampaignId campaign, ChunkNo chunk, const RewrittenChunk& to) {
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        const auto& dialect = connection.dialect();
        Transaction transaction(connection);
        const auto head = session.lock_campaign(campaign);
        if (!head || !is_finished(head->state) || !session.lock_chunk(campaign, chunk))
            return false;
        bool is_as_seen = false;
        bool is_written = false;
        connection.query(
            fmt::format(kSeenPayload, fmt::arg("id", campaign.value), fmt::arg("no", chunk.value)),
            [&](const Row& row) {
                const auto payload = payload_of(row);
                is_as_seen = payload.sha256 == to.seen_sha256 &&
                             has_data(static_cast<int>(row.integer(1))) == to.seen_data;
                // A rewrite whose answer was lost.
                is_written = payload.sha256 == to.sha256;
            });
        if (!is_as_seen) return is_written;
        connection.exec(fmt::format(
            kRewritePayload,
            fmt::arg("keys",
                     dialect.blob_literal(keys_with_tombstones(to.sha256, to.tombstones, to.keys))),
            fmt::arg("data", dialect.blob_literal(to.data ? std::string_view(*to.data)
                                                          : bytes_of(to.data_sha256))),
            fmt::arg("codec", to.data ? kCodecForgotten : kCodecForgottenDropped),
            fmt::arg("id", campaign.value), fmt::arg("no", chunk.value)));
        connection.exec(fmt::format(kRewriteRange, fmt::arg("lo", dialect.key(to.key_lo)),
                                    fmt::arg("hi", dialect.key(to.key_hi)),
                                    fmt::arg("id", campaign.value), fmt::arg("no", chunk.value)));
        transaction.commit();
        return true;
    });
}

bool SqlDeviceRecords::bury_flag(ScopeId scope, std::string_view appid, std::string_view tombstone,
                                 std::span<const DevicePlace> known) {
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        const auto& dialect = connection.dialect();
        Transaction transaction(connection);
        enter(connection, dialect.for_update);
        for (const auto& place : read_places(connection, appid))
            if (!is_finished(place.state) && !is_known(known, place)) return false;
        const auto plain = find_flag(connection, scope, appid);
        if (!plain) return true;
        if (plain->state == FlagState::claimed) return false;
        // Once forgotten already, and named again by an audience since: the flag that a campaign
        // holds is the one that stays.
        const bool is_revived = plain->holder == kForgottenHolder;
        const bool has_tombstone = find_flag(connection, scope, tombstone).has_value();
        if (has_tombstone)
            connection.exec(
                fmt::format(kDeleteFlag, scope.value, dialect.key(is_revived ? appid : tombstone)));
        if (!has_tombstone || !is_revived)
            connection.exec(
                fmt::format(kRename, dialect.key(tombstone), scope.value, dialect.key(appid)));
        transaction.commit();
        return true;
    });
}

bool SqlDeviceRecords::has_tombstones(ScopeId scope) {
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        Transaction transaction(connection);
        enter(connection, connection.dialect().for_share);
        bool found = false;
        connection.query(fmt::format(kHasTombstones, scope.value,
                                     connection.dialect().key({&kTombstoneMark, 1})),
                         [&](const Row&) { found = true; });
        transaction.commit();
        return found;
    });
}

std::size_t SqlDeviceRecords::revive(ScopeId scope, std::span<const Revival> devices) {
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        const auto& dialect = connection.dialect();
        std::vector<std::string_view> tombstones;
        for (const auto& device : devices)
            tombstones.push_back(device.tombstone);
        std::ranges::sort(tombstones);
        Transaction transaction(connection);
        enter(connection, dialect.for_share);
        std::vector<std::string> found;
        connection.query(fmt::format(kBuriedAmong, where_keys(dialect, scope, tombstones)),
                         [&](const Row& row) { found.emplace_back(row.bytes(0)); });
        std::size_t revived = 0;
        for (const auto& device : devices) {
            if (std::ranges::count(found, device.tombstone) == 0 ||
                find_flag(connection, scope, device.appid))
                continue;
            connection.exec(fmt::format(kRevive, fmt::arg("appid", dialect.key(device.appid)),
                                        fmt::arg("holder", kForgottenHolder.value),
                                        fmt::arg("scope", scope.value),
                                        fmt::arg("tombstone", dialect.key(device.tombstone))));
            ++revived;
        }
        transaction.commit();
        return revived;
    });
}

}  // namespace dispatcher::sql
