#include "store/sql/sql_retention.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "store/sql/audit_entry.h"
#include "store/sql/payload_row.h"

namespace dispatcher::sql {
namespace {

// Finished or purged: done, done_with_doubt, cancelled, purged. The table of campaigns is small.
constexpr auto kFinishedStates = "5,6,7,9";
// What retention and privacy did themselves is no sign of life.
constexpr auto kReadFinished =
    "SELECT id, scope_id, name, state, sealed_at, started_at, (SELECT MAX(at) FROM audit WHERE"
    " audit.campaign_id=campaign.id AND action<>{purge} AND action<>{forget}),"
    " (SELECT COALESCE(SUM(rows_n),0) FROM chunk WHERE chunk.campaign_id=campaign.id),"
    " EXISTS (SELECT 1 FROM chunk_payload WHERE chunk_payload.campaign_id=campaign.id AND"
    " codec IN (1,3)) FROM campaign WHERE name IS NOT NULL AND state IN ({states})"
    " ORDER BY sealed_at, id";
constexpr auto kCountUnfinished =
    "SELECT COUNT(*) FROM campaign WHERE scope_id={} AND name IS NOT NULL AND state NOT IN ({})";
constexpr auto kFlagSince = "SELECT 1 FROM delivery WHERE scope_id={} AND changed_at>={}{} LIMIT 1";
constexpr auto kWithData =
    "SELECT chunk_no FROM chunk_payload WHERE campaign_id={} AND chunk_no>={} AND codec IN (1,3)"
    " ORDER BY chunk_no LIMIT {}";
// The codec is tested and assigned last; 1 becomes 2, and 3 becomes 4.
constexpr auto kDropData =
    "UPDATE chunk_payload SET data_block={sha}, codec=codec+1 WHERE campaign_id={id}"
    " AND chunk_no={no} AND codec IN (1,3)";
constexpr auto kOfScope =
    "SELECT id, state FROM campaign WHERE scope_id={} AND name IS NOT NULL ORDER BY id";
constexpr auto kMarkPurged =
    "UPDATE campaign SET epoch=epoch+1, state=9 WHERE id={} AND state IN (5,6,7)";
// The key that ends a stretch, then the stretch; both by the primary key.
constexpr auto kStretchEnd =
    "SELECT appid FROM delivery WHERE scope_id={} AND appid>{} ORDER BY appid LIMIT 1 OFFSET {}";
constexpr auto kStretchOfHolders =
    "FROM delivery WHERE scope_id={scope} AND appid>{after}{until} AND campaign_id IN ({holders})";
constexpr auto kChunkAt =
    "SELECT chunk_no FROM chunk WHERE campaign_id={} ORDER BY chunk_no LIMIT {}";
// The same of dead tokens, which have no other key.
constexpr auto kTokensEnd =
    "SELECT mark FROM dead_token WHERE mark>{} ORDER BY mark LIMIT 1 OFFSET {}";
constexpr auto kTokensBefore = "FROM dead_token WHERE told_at<{before}{stretch}";

/// What can delete more than one row is written once for the tables that hang on a chunk.
constexpr std::array kChunkTables = {"chunk_payload", "chunk"};

/// Where this stretch ends, by the query that gives its last key; it is the last one if none has.
void find_end(GuardedConnection& connection, const std::string& query,
              Retention::Deleted& deleted) {
    deleted.is_over = true;
    connection.query(query, [&](const Row& row) {
        deleted.next = std::string(row.bytes(0));
        deleted.is_over = false;
    });
}

/// `rows`: "FROM … WHERE …".
void delete_counted(GuardedConnection& connection, const std::string& rows,
                    Retention::Deleted& deleted) {
    connection.query("SELECT COUNT(*) " + rows,
                     [&](const Row& row) { deleted.rows = row.natural(0); });
    if (deleted.rows > 0) connection.exec("DELETE " + rows);
}

WallTime wall(std::int64_t ms) {
    return WallTime(std::chrono::milliseconds(ms));
}

FinishedCampaign finished_of(const Row& row) {
    FinishedCampaign found;
    found.id = {static_cast<std::uint32_t>(row.integer(0))};
    found.scope = {static_cast<std::uint32_t>(row.integer(1))};
    found.name = std::string(row.bytes(2));
    found.state = static_cast<CampaignState>(row.integer(3));
    found.last_order = wall(std::max({row.integer(4), row.integer(5), row.integer(6)}));
    found.recipients = row.natural(7);
    found.has_chunks = found.recipients > 0;
    found.has_data = row.integer(8) != 0;
    return found;
}

bool has_unfinished_in(GuardedConnection& connection, ScopeId scope) {
    std::int64_t count = 0;
    connection.query(fmt::format(kCountUnfinished, scope.value, kFinishedStates),
                     [&](const Row& row) { count = row.integer(0); });
    return count > 0;
}

/// Locks every campaign of the scope, in the order of their numbers, and answers their states.
std::map<CampaignId, CampaignState> lock_scope(SqlSession& session, ScopeId scope) {
    std::vector<CampaignId> found;
    session.connection().query(fmt::format(kOfScope, scope.value), [&](const Row& row) {
        found.push_back({static_cast<std::uint32_t>(row.integer(0))});
    });
    std::map<CampaignId, CampaignState> states;
    for (const auto id : found)
        if (const auto head = session.lock_campaign(id)) states[id] = head->state;
    return states;
}

}  // namespace

SqlRetention::SqlRetention(std::unique_ptr<ConnectionSource> source)
    : retrying_(std::move(source)) {}

WallTime SqlRetention::now() {
    return retrying_.run([](SqlSession& session) { return wall(session.connection().now_ms()); });
}

std::vector<FinishedCampaign> SqlRetention::finished() {
    return retrying_.run([](SqlSession& session) {
        auto& connection = session.connection();
        std::vector<FinishedCampaign> found;
        connection.query(
            fmt::format(kReadFinished, fmt::arg("purge", connection.dialect().key("purge")),
                        fmt::arg("forget", connection.dialect().key("forget")),
                        fmt::arg("states", kFinishedStates)),
            [&](const Row& row) {
                auto campaign = finished_of(row);
                if (campaign.state != CampaignState::purged || campaign.has_chunks)
                    found.push_back(std::move(campaign));
            });
        return found;
    });
}

bool SqlRetention::has_unfinished(ScopeId scope) {
    return retrying_.run(
        [&](SqlSession& session) { return has_unfinished_in(session.connection(), scope); });
}

bool SqlRetention::has_flag_since(ScopeId scope, std::optional<CampaignId> holder, WallTime since) {
    const auto held = holder ? fmt::format(" AND campaign_id={}", holder->value) : std::string();
    return retrying_.run([&](SqlSession& session) {
        bool found = false;
        session.connection().query(
            fmt::format(kFlagSince, scope.value, since.time_since_epoch().count(), held),
            [&](const Row&) { found = true; });
        return found;
    });
}

std::vector<ChunkNo> SqlRetention::chunks_with_data(CampaignId campaign, ChunkNo first,
                                                    std::size_t limit) {
    return retrying_.run([&](SqlSession& session) {
        std::vector<ChunkNo> chunks;
        session.connection().query(
            fmt::format(kWithData, campaign.value, first.value, limit), [&](const Row& row) {
                chunks.push_back({static_cast<std::uint32_t>(row.integer(0))});
            });
        return chunks;
    });
}

bool SqlRetention::drop_data(CampaignId campaign, std::span<const DroppedData> chunks) {
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        Transaction transaction(connection);
        const auto head = session.lock_campaign(campaign);
        if (!head || !is_finished(head->state)) return false;
        for (const auto& chunk : chunks)
            connection.exec(fmt::format(
                kDropData,
                fmt::arg("sha", connection.dialect().blob_literal(bytes_of(chunk.data_sha256))),
                fmt::arg("id", campaign.value), fmt::arg("no", chunk.chunk.value)));
        transaction.commit();
        return true;
    });
}

bool SqlRetention::mark_purged(ScopeId scope, std::string_view detail, const Actor& actor) {
    // Drawn before, for each campaign: a transaction that is repeated writes each row once.
    std::map<CampaignId, AuditEntry> entries;
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        Transaction transaction(connection);
        const auto states = lock_scope(session, scope);
        // A campaign that was sealed meanwhile is seen here; one that is sealed later finds the
        // scope as retention leaves it.
        if (has_unfinished_in(connection, scope)) return false;
        for (const auto& [id, state] : states) {
            if (!is_finished(state)) return false;
            if (state == CampaignState::purged) continue;
            connection.exec(fmt::format(kMarkPurged, id.value));
            entries.try_emplace(id, "purge", detail, actor).first->second.write(connection, id);
        }
        transaction.commit();
        return true;
    });
}

Retention::Deleted SqlRetention::delete_flags(ScopeId scope, std::string_view after,
                                              std::size_t limit) {
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        const auto& dialect = connection.dialect();
        Deleted deleted;
        Transaction transaction(connection);
        const auto states = lock_scope(session, scope);
        std::string holders;
        for (const auto& [id, state] : states) {
            if (state != CampaignState::purged) continue;
            if (!holders.empty()) holders += ",";
            holders += fmt::to_string(id.value);
        }
        if (holders.empty() || has_unfinished_in(connection, scope)) {
            deleted.is_refused = true;
            return deleted;
        }
        find_end(connection, fmt::format(kStretchEnd, scope.value, dialect.key(after), limit - 1),
                 deleted);
        const auto stretch = fmt::format(
            kStretchOfHolders, fmt::arg("scope", scope.value),
            fmt::arg("after", dialect.key(after)),
            fmt::arg("until",
                     deleted.is_over ? std::string() : " AND appid<=" + dialect.key(deleted.next)),
            fmt::arg("holders", holders));
        delete_counted(connection, stretch, deleted);
        transaction.commit();
        return deleted;
    });
}

std::uint64_t SqlRetention::count_dead_tokens(WallTime before) {
    return retrying_.run([&](SqlSession& session) {
        std::uint64_t count = 0;
        session.connection().query(
            "SELECT COUNT(*) " + fmt::format(kTokensBefore,
                                             fmt::arg("before", before.time_since_epoch().count()),
                                             fmt::arg("stretch", "")),
            [&](const Row& row) { count = row.natural(0); });
        return count;
    });
}

Retention::Deleted SqlRetention::delete_dead_tokens(WallTime before, std::string_view after,
                                                    std::size_t limit) {
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        const auto& dialect = connection.dialect();
        Deleted deleted;
        Transaction transaction(connection);
        find_end(connection, fmt::format(kTokensEnd, dialect.key(after), limit - 1), deleted);
        auto stretch = " AND mark>" + dialect.key(after);
        if (!deleted.is_over) stretch += " AND mark<=" + dialect.key(deleted.next);
        const auto tokens =
            fmt::format(kTokensBefore, fmt::arg("before", before.time_since_epoch().count()),
                        fmt::arg("stretch", stretch));
        delete_counted(connection, tokens, deleted);
        transaction.commit();
        return deleted;
    });
}

std::size_t SqlRetention::delete_chunks(CampaignId campaign, std::size_t limit) {
    return retrying_.run([&](SqlSession& session) -> std::size_t {
        auto& connection = session.connection();
        Transaction transaction(connection);
        const auto head = session.lock_campaign(campaign);
        if (!head || head->state != CampaignState::purged) return 0;
        std::size_t found = 0;
        std::int64_t last = 0;
        connection.query(fmt::format(kChunkAt, campaign.value, limit), [&](const Row& row) {
            last = row.integer(0);
            ++found;
        });
        if (found == 0) return 0;
        for (const auto* const table : kChunkTables)
            connection.exec(fmt::format("DELETE FROM {} WHERE campaign_id={} AND chunk_no<={}",
                                        table, campaign.value, last));
        transaction.commit();
        return found;
    });
}

}  // namespace dispatcher::sql
