// What SqlCampaignStore tells of campaigns and their flags.

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/invariant.h"
#include "store/sql/key_list.h"
#include "store/sql/sql_campaign_store.h"

namespace dispatcher::sql {
namespace {

constexpr auto kReadRecord =
    "SELECT id, scope_id, state, epoch, deadline, {now}, name, sealed, sealed_sha, settings,"
    " sealed_at, sealed_by, source_text, started_at, cause FROM campaign WHERE {where}";
// Newest first, from a table that is small. A test run has a # in its name; {series_end} is behind
// every occurrence.
constexpr auto kOthers =
    "state<>9 AND sealed_at>={since} AND INSTR(name,{test})=0"
    " AND scope_id NOT IN (SELECT id FROM scope WHERE scope.name={scope})"
    " AND name<>{series} AND NOT (name>={series_begin} AND name<{series_end})"
    " ORDER BY sealed_at DESC, id LIMIT {limit}";
constexpr auto kTestRuns = "SELECT name FROM campaign WHERE name>={} AND name<{}";
// By the scope's range of the primary key.
constexpr auto kCountFlags =
    "SELECT state, code, COUNT(*) FROM delivery WHERE scope_id={} AND campaign_id={}"
    " GROUP BY state, code";
constexpr auto kLeasedChunks =
    "SELECT owner, key_lo, key_hi FROM chunk WHERE campaign_id={} AND state=1";
// Ranges of several gateways overlap; each row is counted in the chunk of the one who claimed it.
constexpr auto kCountClaimed =
    "SELECT COUNT(*) FROM delivery WHERE {where} AND campaign_id={campaign} AND state=1"
    " AND claim_id BETWEEN {first} AND {last}";
// One look-up by primary key for each scope.
constexpr auto kFlagsOf =
    "SELECT delivery.appid, delivery.campaign_id, delivery.state, delivery.claims, delivery.tries,"
    " delivery.claim_id, delivery.code, delivery.due_at, delivery.changed_at, campaign.name,"
    " scope.name FROM scope JOIN delivery ON delivery.scope_id=scope.id AND delivery.appid={}"
    " LEFT JOIN campaign ON campaign.id=delivery.campaign_id ORDER BY delivery.changed_at";
constexpr auto kAudit =
    "SELECT audit.at, campaign.name, audit.who, audit.origin, audit.action, audit.detail,"
    " audit.because FROM audit LEFT JOIN campaign ON campaign.id=audit.campaign_id {}"
    " ORDER BY audit.at DESC, audit.id DESC LIMIT {}";

WallTime wall(std::int64_t ms) {
    return WallTime(std::chrono::milliseconds(ms));
}

CampaignId campaign_id(const Row& row, unsigned column) {
    return {static_cast<std::uint32_t>(row.integer(column))};
}

CampaignHead head_of(const Row& row) {
    CampaignHead head;
    head.id = campaign_id(row, 0);
    head.scope = {static_cast<std::uint32_t>(row.integer(1))};
    head.state = static_cast<CampaignState>(row.integer(2));
    head.epoch = row.natural(3);
    if (!row.is_null(4)) head.deadline = wall(row.integer(4));
    head.now = wall(row.integer(5));
    return head;
}

CampaignRecord record_of(const Row& row) {
    CampaignRecord record;
    record.head = head_of(row);
    record.name = CampaignName::from_store(std::string(row.bytes(6)));
    record.sealed_sha = Sha256::of(row.bytes(7));
    const auto sealed_sha = row.bytes(8);
    if (!std::ranges::equal(record.sealed_sha, sealed_sha, [](std::uint8_t left, char right) {
            return left == static_cast<std::uint8_t>(right);
        })) {
        throw StoreError(StoreError::Kind::durability_lost,
                         fmt::format("what was sealed for {} is not what the store holds now",
                                     record.name.text()));
    }
    record.campaign = Campaign::from_json(row.bytes(7));
    record.settings = Settings::from_json(row.bytes(9));
    record.sealed_at = wall(row.integer(10));
    record.sealed_by = std::string(row.bytes(11));
    record.source_text = std::string(row.bytes(12));
    if (!row.is_null(13)) record.started_at = wall(row.integer(13));
    record.cause = std::string(row.bytes(14));
    return record;
}

std::vector<CampaignRecord> read_records(GuardedConnection& connection, const std::string& where) {
    std::vector<CampaignRecord> records;
    connection.query(fmt::format(kReadRecord, fmt::arg("now", connection.dialect().now_ms),
                                 fmt::arg("where", where)),
                     [&](const Row& row) { records.push_back(record_of(row)); });
    return records;
}

DeviceFlag device_flag_of(const Row& row) {
    DeviceFlag flag;
    flag.row.campaign = campaign_id(row, 1);
    flag.row.state = static_cast<FlagState>(row.integer(2));
    flag.row.claims = static_cast<std::uint16_t>(row.integer(3));
    flag.row.tries = static_cast<std::uint16_t>(row.integer(4));
    flag.row.claim = {row.natural(5)};
    flag.row.code = Code::from_stored(static_cast<std::uint16_t>(row.integer(6)));
    if (!row.is_null(7)) flag.row.due_at = wall(row.integer(7));
    flag.row.changed_at = wall(row.integer(8));
    flag.campaign = std::string(row.bytes(9));
    flag.scope = std::string(row.bytes(10));
    return flag;
}

}  // namespace

std::optional<CampaignRecord> SqlCampaignStore::find(std::string_view name) {
    return retrying_.run([&](SqlSession& session) -> std::optional<CampaignRecord> {
        auto& connection = session.connection();
        auto records = read_records(connection, "name=" + connection.dialect().key(name));
        if (records.empty()) return std::nullopt;
        return std::move(records.front());
    });
}

std::vector<CampaignRecord> SqlCampaignStore::list(std::size_t limit) {
    return retrying_.run([&](SqlSession& session) {
        return read_records(
            session.connection(),
            fmt::format("name IS NOT NULL ORDER BY sealed_at DESC, id LIMIT {}", limit));
    });
}

std::vector<CampaignRecord> SqlCampaignStore::list_others(const Campaign& campaign,
                                                          std::chrono::milliseconds sealed_within,
                                                          std::size_t limit) {
    const auto series = campaign.name.series();
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        const auto& dialect = connection.dialect();
        return read_records(
            connection,
            fmt::format(kOthers, fmt::arg("since", dialect.now_plus(-sealed_within.count())),
                        fmt::arg("test", dialect.key("#")),
                        fmt::arg("scope", dialect.key(campaign.once_per)),
                        fmt::arg("series", dialect.key(series)),
                        fmt::arg("series_begin", dialect.key(series + "@")),
                        fmt::arg("series_end", dialect.key(series + "A")),
                        fmt::arg("limit", limit)));
    });
}

unsigned SqlCampaignStore::last_test_run(const CampaignName& name) {
    const auto prefix = name.text() + "#test-";
    auto end = prefix;
    ++end.back();
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        unsigned last = 0;
        connection.query(
            fmt::format(kTestRuns, connection.dialect().key(prefix), connection.dialect().key(end)),
            [&](const Row& row) {
                const auto number = row.bytes(0).substr(prefix.size());
                unsigned run = 0;
                std::from_chars(number.data(), number.data() + number.size(), run);
                last = std::max(last, run);
            });
        return last;
    });
}

std::vector<FlagCount> SqlCampaignStore::count_flags(CampaignId campaign, ScopeId scope) {
    return retrying_.run([&](SqlSession& session) {
        std::vector<FlagCount> counts;
        session.connection().query(
            fmt::format(kCountFlags, scope.value, campaign.value), [&](const Row& row) {
                counts.push_back({static_cast<FlagState>(row.integer(0)),
                                  Code::from_stored(static_cast<std::uint16_t>(row.integer(1))),
                                  row.natural(2)});
            });
        return counts;
    });
}

std::uint64_t SqlCampaignStore::count_claimed(CampaignId campaign, ScopeId scope) {
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        const auto& dialect = connection.dialect();
        std::vector<std::string> counts;
        connection.query(fmt::format(kLeasedChunks, campaign.value), [&](const Row& row) {
            const IncarnationId owner{static_cast<std::uint32_t>(row.integer(0))};
            counts.push_back(fmt::format(
                kCountClaimed,
                fmt::arg("where", where_range(dialect, {scope, row.bytes(1), row.bytes(2)})),
                fmt::arg("campaign", campaign.value),
                fmt::arg("first", dialect.natural(make_claim_id(owner, 0).value)),
                fmt::arg("last", dialect.natural(make_claim_id(owner, 0xFFFFFFFFU).value))));
        });
        std::uint64_t claimed = 0;
        for (const auto& count : counts) {
            connection.query(count, [&](const Row& row) { claimed += row.natural(0); });
        }
        return claimed;
    });
}

std::vector<DeviceFlag> SqlCampaignStore::flags_of(std::string_view appid) {
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        std::vector<DeviceFlag> flags;
        connection.query(fmt::format(kFlagsOf, connection.dialect().key(appid)),
                         [&](const Row& row) { flags.push_back(device_flag_of(row)); });
        return flags;
    });
}

std::optional<ScopeId> SqlCampaignStore::scope_of(std::string_view scope_name) {
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        std::optional<ScopeId> scope;
        connection.query(
            "SELECT id FROM scope WHERE name=" + connection.dialect().key(scope_name),
            [&](const Row& row) { scope = ScopeId{static_cast<std::uint32_t>(row.integer(0))}; });
        return scope;
    });
}

std::string SqlCampaignStore::campaign_name(CampaignId campaign) {
    return retrying_.run([&](SqlSession& session) {
        std::string name;
        session.connection().query(
            fmt::format("SELECT name FROM campaign WHERE id={}", campaign.value),
            [&](const Row& row) { name = std::string(row.bytes(0)); });
        return name;
    });
}

/// Newest first; "" asks for every campaign and for what concerns the whole store.
std::vector<AuditRow> SqlCampaignStore::audit(std::string_view campaign, std::size_t limit) {
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        const auto where =
            campaign.empty() ? "" : "WHERE campaign.name=" + connection.dialect().key(campaign);
        std::vector<AuditRow> rows;
        connection.query(fmt::format(kAudit, where, limit), [&](const Row& row) {
            rows.push_back({wall(row.integer(0)), std::string(row.bytes(1)),
                            std::string(row.bytes(2)), std::string(row.bytes(3)),
                            std::string(row.bytes(4)), std::string(row.bytes(5)),
                            std::string(row.bytes(6))});
        });
        return rows;
    });
}

}  // namespace dispatcher::sql
