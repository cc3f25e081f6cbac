#include "store/sql/sql_session.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/invariant.h"
#include "store/sql/payload_row.h"

namespace dispatcher::sql {
namespace {

using std::chrono::milliseconds;

// Every statement goes by the primary key of its table, but for kListScope.
constexpr auto kReadCampaign =
    "SELECT campaign.scope_id, campaign.state, campaign.epoch, campaign.deadline, {now}, {halted}"
    " FROM campaign{beside} WHERE campaign.id={id}{lock}";
// A join shares the lock with the row that says whether the store is halted; a subquery reads it.
constexpr auto kHaltedLocked = "store_id.halted_at IS NOT NULL";
constexpr auto kBesideLocked = " JOIN store_id ON store_id.one=1";
constexpr auto kHaltedRead =
    "(SELECT store_id.halted_at IS NOT NULL FROM store_id WHERE store_id.one=1)";
constexpr auto kReadSettings = "SELECT settings FROM campaign WHERE id={}";
constexpr auto kMoveCampaign =
    "UPDATE campaign SET epoch=epoch+1, state={to} WHERE id={id} AND epoch={epoch} AND "
    "state={from}";

// A look through the whole table, which is short: only late releases of campaigns that are over
// ask.
constexpr auto kListScope =
    "SELECT id FROM campaign WHERE scope_id={} AND state NOT IN (0,7,9) ORDER BY id";

// Whether the owner is closed is read without a lock on its row: an old answer is "no".
constexpr auto kReadChunk =
    "SELECT campaign_id, chunk_no, gateway, state, owner, fence, claim_seq, due_at, lease_until,"
    " key_lo, key_hi, rows_n, EXISTS (SELECT 1 FROM incarnation WHERE incarnation.id=chunk.owner"
    " AND incarnation.closed_at IS NOT NULL), {now} FROM chunk WHERE {where}{lock}";
constexpr auto kLeasable =
    "campaign_id={id} AND gateway={gateway} AND state<>2 AND due_at<={now}"
    " AND (state=0 OR lease_until<={now} OR lease_until>{now}+({ttl2}) OR owner IN ({dead})"
    " OR EXISTS (SELECT 1 FROM incarnation WHERE incarnation.id=chunk.owner"
    " AND incarnation.closed_at IS NOT NULL)) ORDER BY chunk_no LIMIT {limit}";
constexpr auto kCountOpen = "SELECT COUNT(*) FROM chunk WHERE campaign_id={} AND state<>2";
constexpr auto kLeaseChunk =
    "UPDATE chunk SET owner={me}, fence=fence+1, state=1, lease_until={until}"
    " WHERE campaign_id={id} AND chunk_no={no} AND fence={seen}";
constexpr auto kAdvanceChunk =
    "UPDATE chunk SET claim_seq={seq}, lease_until={until} WHERE campaign_id={id} AND "
    "chunk_no={no}";
constexpr auto kRenewChunk =
    "UPDATE chunk SET lease_until={until} WHERE campaign_id={id} AND chunk_no={no}"
    " AND fence={fence} AND owner={me} AND state=1";
constexpr auto kCloseChunk =
    "UPDATE chunk SET state=2, lease_until=0 WHERE campaign_id={id} AND chunk_no={no}";
constexpr auto kOpenChunk =
    "UPDATE chunk SET state=0, lease_until=0, due_at={due} WHERE campaign_id={id} AND "
    "chunk_no={no}";
constexpr auto kReadPayload =
    "SELECT chunk.sha256, chunk_payload.codec, chunk_payload.keys_block, {data}"
    " FROM chunk, chunk_payload"
    " WHERE chunk.campaign_id={id} AND chunk.chunk_no={no}"
    " AND chunk_payload.campaign_id={id} AND chunk_payload.chunk_no={no}";

constexpr auto kAdmitted = "SELECT COUNT(*) FROM store_server WHERE uuid={} AND admitted_at<={}";

constexpr auto kReadBudget =
    "SELECT tat_us, {now} FROM budget WHERE campaign_id={id} AND gateway={gateway}{lock}";
constexpr auto kMakeBudget =
    "INSERT INTO budget (campaign_id, gateway, tat_us) VALUES ({id},{gateway},0){keep}";
constexpr auto kSpendBudget =
    "UPDATE budget SET tat_us={tat} WHERE campaign_id={id} AND gateway={gateway}";

constexpr auto kInsertIncarnation =
    "INSERT INTO incarnation (id, host, boot_id, pid, started_at) VALUES ({},{},{},{},{})";
constexpr auto kCloseIncarnation =
    "UPDATE incarnation SET closed_at={} WHERE id={} AND closed_at IS NULL";
constexpr auto kIsClosed = "SELECT COUNT(*) FROM incarnation WHERE id={} AND closed_at IS NOT NULL";

WallTime wall(std::int64_t ms) {
    return WallTime(milliseconds(ms));
}

std::uint32_t u32(const Row& row, unsigned column) {
    return static_cast<std::uint32_t>(row.integer(column));
}

ChunkHead chunk_of(const Row& row) {
    ChunkHead head;
    head.campaign = {u32(row, 0)};
    head.no = {u32(row, 1)};
    head.gateway = {static_cast<std::uint16_t>(row.integer(2))};
    head.state = static_cast<ChunkState>(row.integer(3));
    head.owner = {u32(row, 4)};
    head.fence = {row.natural(5)};
    head.claim_seq = row.natural(6);
    head.due_at = wall(row.integer(7));
    head.lease_until = wall(row.integer(8));
    head.key_lo = std::string(row.bytes(9));
    head.key_hi = std::string(row.bytes(10));
    head.rows = u32(row, 11);
    head.owner_closed = row.integer(12) != 0;
    head.now = wall(row.integer(13));
    return head;
}

/// A clock that went back by less than this is waited for, as one that is corrected now and then.
constexpr std::chrono::seconds kClockSlack{60};

}  // namespace

SqlSession::SqlSession(std::unique_ptr<Connection> connection, std::string server)
    : connection_(std::move(connection)),
      server_(std::move(server)),
      is_admitted_(server_.empty()) {}

void SqlSession::begin() {
    connection_.begin();
}
void SqlSession::commit() {
    connection_.commit();
}
void SqlSession::rollback() noexcept {
    connection_.rollback();
}

// -- campaign ---------------------------------------------------------------------------------

std::optional<CampaignHead> SqlSession::lock_campaign_shared(CampaignId campaign) {
    invariant(connection_.in_transaction(), "a lock is taken inside a transaction");
    return read_head(campaign, dialect().for_share);
}

std::optional<CampaignHead> SqlSession::lock_campaign(CampaignId campaign) {
    invariant(connection_.in_transaction(), "a lock is taken inside a transaction");
    return read_head(campaign, dialect().for_update);
}

std::optional<CampaignHead> SqlSession::read_campaign(CampaignId campaign) {
    return read_head(campaign, "");
}

std::optional<CampaignHead> SqlSession::read_head(CampaignId campaign, std::string_view lock) {
    std::optional<CampaignHead> head;
    const auto now = lock.empty() ? dialect().now_ms : dialect().now_after_lock_ms;
    // One family has no locks to ask for: there both ways come to the same.
    const bool is_shared = lock == dialect().for_share;
    connection_.query(fmt::format(kReadCampaign, fmt::arg("now", now),
                                  fmt::arg("halted", is_shared ? kHaltedLocked : kHaltedRead),
                                  fmt::arg("beside", is_shared ? kBesideLocked : ""),
                                  fmt::arg("id", campaign.value), fmt::arg("lock", lock)),
                      [&](const Row& row) {
                          head.emplace();
                          head->id = campaign;
                          head->scope = {u32(row, 0)};
                          head->state = static_cast<CampaignState>(row.integer(1));
                          head->epoch = row.natural(2);
                          if (!row.is_null(3)) head->deadline = wall(row.integer(3));
                          head->now = wall(row.integer(4));
                          connection_.note_now(row.integer(4));
                          head->is_halted = row.integer(5) != 0;
                      });
    return head;
}

std::optional<Settings> SqlSession::read_settings(CampaignId campaign) {
    std::optional<Settings> settings;
    connection_.query(fmt::format(kReadSettings, campaign.value), [&](const Row& row) {
        if (!row.is_null(0)) settings = Settings::from_json(row.bytes(0));
    });
    return settings;
}

std::vector<CampaignId> SqlSession::list_scope(ScopeId scope) {
    std::vector<CampaignId> campaigns;
    connection_.query(fmt::format(kListScope, scope.value),
                      [&](const Row& row) { campaigns.push_back({u32(row, 0)}); });
    return campaigns;
}

void SqlSession::move_campaign(CampaignId campaign, CampaignState from, std::uint64_t epoch,
                               CampaignState to) {
    connection_.exec(fmt::format(kMoveCampaign, fmt::arg("id", campaign.value),
                                 fmt::arg("epoch", epoch), fmt::arg("from", static_cast<int>(from)),
                                 fmt::arg("to", static_cast<int>(to))));
}

// -- server -----------------------------------------------------------------------------------

bool SqlSession::is_admitted() {
    if (!is_admitted_) {
        connection_.query(fmt::format(kAdmitted, dialect().key(server_), dialect().now_ms),
                          [this](const Row& row) { is_admitted_ = row.integer(0) != 0; });
    }
    return is_admitted_;
}

// -- chunk ------------------------------------------------------------------------------------

std::vector<ChunkHead> SqlSession::read_chunks(const std::string& where, std::string_view now,
                                               std::string_view lock) {
    std::vector<ChunkHead> heads;
    connection_.query(fmt::format(kReadChunk, fmt::arg("now", now), fmt::arg("where", where),
                                  fmt::arg("lock", lock)),
                      [&](const Row& row) { heads.push_back(chunk_of(row)); });
    return heads;
}

std::optional<ChunkHead> SqlSession::lock_chunk(CampaignId campaign, ChunkNo no) {
    invariant(connection_.in_transaction(), "a lock is taken inside a transaction");
    const auto heads =
        read_chunks(fmt::format("campaign_id={} AND chunk_no={}", campaign.value, no.value),
                    dialect().now_after_lock_ms, dialect().for_update);
    if (heads.empty()) return std::nullopt;
    connection_.note_now(heads.front().now.time_since_epoch().count());
    return heads.front();
}

std::vector<ChunkHead> SqlSession::leasable_chunks(CampaignId campaign, GatewayNo gateway,
                                                   milliseconds ttl,
                                                   std::span<const IncarnationId> dead,
                                                   std::size_t limit) {
    std::string owners = "0";  // of a chunk that was never leased
    for (const auto owner : dead)
        owners += fmt::format(",{}", owner.value);
    return read_chunks(
        fmt::format(kLeasable, fmt::arg("id", campaign.value), fmt::arg("gateway", gateway.value),
                    fmt::arg("now", dialect().now_ms), fmt::arg("ttl2", 2 * ttl.count()),
                    fmt::arg("dead", owners), fmt::arg("limit", limit)),
        dialect().now_ms, "");
}

std::vector<ChunkHead> SqlSession::list_chunks(CampaignId campaign, ChunkNo first,
                                               std::size_t limit) {
    return read_chunks(fmt::format("campaign_id={} AND chunk_no>={} ORDER BY chunk_no LIMIT {}",
                                   campaign.value, first.value, limit),
                       dialect().now_ms, "");
}

std::uint64_t SqlSession::count_open_chunks(CampaignId campaign) {
    std::uint64_t count = 0;
    connection_.query(fmt::format(kCountOpen, campaign.value),
                      [&](const Row& row) { count = row.natural(0); });
    return count;
}

void SqlSession::lease_chunk(CampaignId campaign, ChunkNo no, Fence seen, IncarnationId me,
                             milliseconds ttl) {
    connection_.exec(fmt::format(kLeaseChunk, fmt::arg("id", campaign.value),
                                 fmt::arg("no", no.value), fmt::arg("seen", seen.value),
                                 fmt::arg("me", me.value),
                                 fmt::arg("until", dialect().now_plus(ttl.count()))));
}

void SqlSession::advance_chunk(CampaignId campaign, ChunkNo no, std::uint64_t claim_seq,
                               milliseconds ttl) {
    connection_.exec(fmt::format(kAdvanceChunk, fmt::arg("id", campaign.value),
                                 fmt::arg("no", no.value), fmt::arg("seq", claim_seq),
                                 fmt::arg("until", dialect().now_plus(ttl.count()))));
}

void SqlSession::renew_chunk(CampaignId campaign, ChunkNo no, Fence fence, IncarnationId me,
                             milliseconds ttl) {
    connection_.exec(fmt::format(kRenewChunk, fmt::arg("id", campaign.value),
                                 fmt::arg("no", no.value), fmt::arg("fence", fence.value),
                                 fmt::arg("me", me.value),
                                 fmt::arg("until", dialect().now_plus(ttl.count()))));
}

void SqlSession::close_chunk(CampaignId campaign, ChunkNo no) {
    connection_.exec(
        fmt::format(kCloseChunk, fmt::arg("id", campaign.value), fmt::arg("no", no.value)));
}

void SqlSession::open_chunk(CampaignId campaign, ChunkNo no, milliseconds due_in) {
    connection_.exec(fmt::format(kOpenChunk, fmt::arg("id", campaign.value),
                                 fmt::arg("no", no.value),
                                 fmt::arg("due", dialect().due_in(due_in.count()))));
}

std::optional<ChunkPayload> SqlSession::read_payload(CampaignId campaign, ChunkNo no,
                                                     bool with_data) {
    std::optional<ChunkPayload> payload;
    connection_.query(
        fmt::format(kReadPayload, fmt::arg("data", with_data ? "chunk_payload.data_block" : "NULL"),
                    fmt::arg("id", campaign.value), fmt::arg("no", no.value)),
        [&](const Row& row) { payload = payload_of(row); });
    return payload;
}

// -- rate ---------------------------------------------------------------------------------------

// GCRA: the budget's row holds when its next send is due. A reservation moves that on by n
// intervals; an idle budget starts from now and saves nothing up.
StoreSession::Reservation SqlSession::reserve(CampaignId campaign, std::string_view gateway,
                                              std::uint32_t n, double rate_per_second,
                                              milliseconds horizon) {
    if (rate_per_second <= 0) return {true, milliseconds(0)};
    const auto name = dialect().key(gateway);
    Transaction transaction(connection_);
    auto budget = read_budget(campaign, name);
    if (!budget) {
        connection_.exec(
            fmt::format(kMakeBudget, fmt::arg("id", campaign.value), fmt::arg("gateway", name),
                        fmt::arg("keep", dialect().keep_existing("budget", "tat_us"))));
        budget = read_budget(campaign, name);
        invariant(budget.has_value(), "a budget that was made is there");
    }
    auto due_us = std::max(budget->due_us, budget->now_us);
    // No reservation reaches so far: the database's clock was set back, or the rate was raised.
    const auto reach_us = std::chrono::microseconds(horizon + kClockSlack).count() +
                          static_cast<std::int64_t>(1e6 / rate_per_second);
    if (due_us - budget->now_us > reach_us) due_us = budget->now_us;
    const milliseconds wait((due_us - budget->now_us + 999) / 1000);
    if (wait > horizon) return {false, wait};
    const auto spent_us = static_cast<std::int64_t>(std::ceil(n * 1e6 / rate_per_second));
    connection_.exec(fmt::format(kSpendBudget, fmt::arg("tat", due_us + spent_us),
                                 fmt::arg("id", campaign.value), fmt::arg("gateway", name)));
    transaction.commit();
    return {true, wait};
}

std::optional<SqlSession::Budget> SqlSession::read_budget(CampaignId campaign,
                                                          const std::string& gateway) {
    std::optional<Budget> budget;
    connection_.query(fmt::format(kReadBudget, fmt::arg("now", dialect().now_after_lock_ms),
                                  fmt::arg("id", campaign.value), fmt::arg("gateway", gateway),
                                  fmt::arg("lock", dialect().for_update)),
                      [&](const Row& row) {
                          budget = Budget{row.integer(0), row.integer(1) * 1000};
                      });
    return budget;
}

// -- incarnation --------------------------------------------------------------------------------

void SqlSession::insert_incarnation(IncarnationId id, std::string_view host,
                                    std::string_view boot_id, std::int64_t pid) {
    connection_.exec(fmt::format(kInsertIncarnation, id.value, dialect().key(host),
                                 dialect().key(boot_id), pid, dialect().now_ms));
}

void SqlSession::close_incarnation(IncarnationId id) {
    connection_.exec(fmt::format(kCloseIncarnation, dialect().now_ms, id.value));
}

bool SqlSession::is_incarnation_closed(IncarnationId id) {
    bool is_closed = false;
    connection_.query(fmt::format(kIsClosed, id.value),
                      [&](const Row& row) { is_closed = row.integer(0) != 0; });
    return is_closed;
}

}  // namespace dispatcher::sql
