#include "store/sql/sql_campaign_store.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "store/sql/audit_entry.h"

namespace dispatcher::sql {
namespace {

constexpr auto kMove =
    "UPDATE campaign SET epoch=epoch+1, cause={cause}, state={to} WHERE id={id}"
    " AND epoch={epoch} AND state={from}";
constexpr auto kReadSettings = "SELECT settings, started_at FROM campaign WHERE id={}";
constexpr auto kSetStart = "UPDATE campaign SET started_at={}, deadline={} WHERE id={}";
constexpr auto kWakeChunks = "UPDATE chunk SET due_at=0 WHERE campaign_id={} AND state=0";
constexpr auto kSetSettings =
    "UPDATE campaign SET settings={}, deadline={}, epoch=epoch+1 WHERE id={}";
// What was reserved ahead at the old rate stays reserved; at a low one that may have been hours.
constexpr auto kBeginBudgetsAnew =
    "UPDATE budget SET tat_us={now}*1000 WHERE campaign_id={id} AND tat_us>{now}*1000";

/// The earlier of the two deadlines that settings can give, as a literal.
std::string deadline_literal(const Settings& settings, std::optional<WallTime> started_at) {
    auto deadline = settings.deadline_at;
    if (settings.deadline_after && started_at) {
        const auto after = *started_at + *settings.deadline_after;
        deadline = deadline ? std::min(*deadline, after) : after;
    }
    return deadline ? fmt::to_string(deadline->time_since_epoch().count()) : "NULL";
}

struct StoredSettings {
    Settings settings;
    std::optional<WallTime> started_at;
};

StoredSettings read_settings(GuardedConnection& connection, CampaignId campaign) {
    StoredSettings stored;
    connection.query(fmt::format(kReadSettings, campaign.value), [&](const Row& row) {
        if (!row.is_null(0)) stored.settings = Settings::from_json(row.bytes(0));
        if (!row.is_null(1)) {
            stored.started_at = WallTime(std::chrono::milliseconds(row.integer(1)));
        }
    });
    return stored;
}

CampaignHead lock_existing(SqlSession& session, CampaignId campaign) {
    const auto head = session.lock_campaign(campaign);
    if (!head) throw RefusedError("there is no such campaign in the store");
    return *head;
}

/// Takes the campaign's locked row to another state; answers whether it moved.
bool move_locked(SqlSession& session, const CampaignHead& head,
                 const std::vector<CampaignState>& from, CampaignState to, std::string_view cause) {
    if (std::ranges::count(from, head.state) == 0 || !may_move(head.state, to)) return false;
    auto& connection = session.connection();
    connection.exec(fmt::format(kMove, fmt::arg("cause", connection.dialect().blob_literal(cause)),
                                fmt::arg("to", static_cast<int>(to)), fmt::arg("id", head.id.value),
                                fmt::arg("epoch", head.epoch),
                                fmt::arg("from", static_cast<int>(head.state))));
    return true;
}

bool has_cause(CampaignState state) {
    return state == CampaignState::paused || state == CampaignState::cancelled ||
           state == CampaignState::frozen;
}

}  // namespace

SqlCampaignStore::SqlCampaignStore(std::unique_ptr<ConnectionSource> source)
    : retrying_(std::move(source)) {}

void SqlCampaignStore::init() {
    create_schema(*retrying_.source().connect(/*create=*/true));
}

void SqlCampaignStore::migrate() {
    migrate_schema(*retrying_.source().connect(/*create=*/true));
}

CampaignStore::SchemaVersion SqlCampaignStore::schema_version() {
    SchemaVersion version{0, kSchemaVersion, kOldestSchemaVersion};
    if (retrying_.source().exists())
        version.found = read_schema_version(*retrying_.source().connect(/*create=*/false));
    return version;
}

std::string SqlCampaignStore::store_id() {
    return retrying_.run(
        [](SqlSession& session) { return read_store_id(session.connection().raw()); });
}

NamedValues SqlCampaignStore::server_settings() {
    return retrying_.run(
        [](SqlSession& session) { return session.connection().raw().server_settings(); });
}

WallTime SqlCampaignStore::now() {
    return retrying_.run([](SqlSession& session) {
        return WallTime(std::chrono::milliseconds(session.connection().now_ms()));
    });
}

CampaignHead SqlCampaignStore::move(CampaignId campaign, std::vector<CampaignState> from,
                                    CampaignState to, std::string_view action, const Actor& actor) {
    const AuditEntry entry(action, "", actor);
    return retrying_.run([&](SqlSession& session) {
        Transaction transaction(session.connection());
        auto head = lock_existing(session, campaign);
        if (!move_locked(session, head, from, to, has_cause(to) ? actor.because : "")) return head;
        entry.write(session.connection(), campaign);
        transaction.commit();
        head.state = to;
        ++head.epoch;
        return head;
    });
}

CampaignHead SqlCampaignStore::start(CampaignId campaign, const Actor& actor) {
    const AuditEntry entry("start", "", actor);
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        Transaction transaction(connection);
        auto head = lock_existing(session, campaign);
        if (!move_locked(session, head, {CampaignState::sealed}, CampaignState::running, "")) {
            return head;
        }
        const auto stored = read_settings(connection, campaign);
        const auto started_at = stored.started_at.value_or(head.now);
        connection.exec(fmt::format(kSetStart, started_at.time_since_epoch().count(),
                                    deadline_literal(stored.settings, started_at), campaign.value));
        entry.write(connection, campaign);
        transaction.commit();
        return session.read_campaign(campaign).value_or(head);
    });
}

bool SqlCampaignStore::set_settings(const CampaignHead& seen, const Settings& settings,
                                    std::string_view detail, const Actor& actor) {
    const AuditEntry entry("set", detail, actor);
    const SettingsEntry history(settings, actor);
    const auto campaign = seen.id;
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        Transaction transaction(connection);
        const auto head = lock_existing(session, campaign);
        const auto stored = read_settings(connection, campaign);
        // A try whose answer was lost may have been this very change.
        if (head.epoch != seen.epoch)
            return head.epoch == seen.epoch + 1 && stored.settings.to_json() == settings.to_json();
        // Of one that is done they matter still: an operator may give second chances.
        if (head.state == CampaignState::cancelled || head.state == CampaignState::purged)
            throw RefusedError(fmt::format("the campaign is {}: its settings matter no more",
                                           to_string(head.state)));
        connection.exec(fmt::format(kSetSettings,
                                    connection.dialect().blob_literal(settings.to_json()),
                                    deadline_literal(settings, stored.started_at), campaign.value));
        if (stored.settings.rate_per_second != settings.rate_per_second)
            connection.exec(fmt::format(kBeginBudgetsAnew, fmt::arg("id", campaign.value),
                                        fmt::arg("now", connection.dialect().now_ms)));
        // What chunks wait for may have come nearer: a send window, a deadline.
        connection.exec(fmt::format(kWakeChunks, campaign.value));
        history.write(connection, campaign);
        entry.write(connection, campaign);
        transaction.commit();
        return true;
    });
}

void SqlCampaignStore::add_audit(CampaignId campaign, std::string_view action,
                                 std::string_view detail, const Actor& actor) {
    const AuditEntry entry(action, detail, actor);
    retrying_.run([&](SqlSession& session) {
        entry.write(session.connection(), campaign);
        return true;
    });
}

}  // namespace dispatcher::sql
