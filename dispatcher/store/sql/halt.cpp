// The row that stops a whole store, and the row that counts a campaign's first recipients.

#include <fmt/format.h>

#include "base/invariant.h"
#include "store/sql/audit_entry.h"
#include "store/sql/sql_campaign_store.h"

namespace dispatcher::sql {
namespace {

constexpr auto kReadHalt = "SELECT halted_at, halt_cause FROM store_id WHERE one=1{}";
constexpr auto kHalt = "UPDATE store_id SET halted_at={}, halt_cause={} WHERE one=1";
constexpr auto kUnhalt = "UPDATE store_id SET halted_at=NULL, halt_cause=NULL WHERE one=1";
// By primary key, backwards: what concerns the whole store stands under campaign 0.
constexpr auto kReadWho =
    "SELECT who FROM audit WHERE campaign_id=0 AND action={} ORDER BY at DESC, id DESC LIMIT 1";

constexpr std::string_view kFirst = "first";
constexpr auto kReadFirst = "SELECT used, since FROM quota WHERE name={} AND subject={}{}";
constexpr auto kMakeFirst = "INSERT INTO quota (name, subject, since, used) VALUES ({},{},{},0){}";
constexpr auto kSetFirst = "UPDATE quota SET used={}, since={} WHERE name={} AND subject={}";

std::optional<Halt> read_halt(GuardedConnection& connection, std::string_view lock) {
    std::optional<Halt> halt;
    connection.query(fmt::format(kReadHalt, lock), [&](const Row& row) {
        if (row.is_null(0)) return;
        halt.emplace();
        halt->since = WallTime(std::chrono::milliseconds(row.integer(0)));
        halt->because = std::string(row.bytes(1));
    });
    return halt;
}

std::optional<FirstCount> read_first(GuardedConnection& connection, const std::string& subject) {
    const auto& dialect = connection.dialect();
    std::optional<FirstCount> first;
    connection.query(
        fmt::format(kReadFirst, dialect.key(kFirst), dialect.key(subject), dialect.for_update),
        [&](const Row& row) {
            first = {row.natural(0), WallTime(std::chrono::milliseconds(row.integer(1)))};
        });
    return first;
}

}  // namespace

std::optional<Halt> SqlCampaignStore::halted() {
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        auto halt = read_halt(connection, "");
        if (halt)
            connection.query(fmt::format(kReadWho, connection.dialect().key("halt")),
                             [&](const Row& row) { halt->who = std::string(row.bytes(0)); });
        return halt;
    });
}

bool SqlCampaignStore::halt(const Actor& actor) {
    const AuditEntry entry("halt", "", actor);
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        const auto& dialect = connection.dialect();
        Transaction transaction(connection);
        if (read_halt(connection, dialect.for_update)) return false;
        connection.exec(fmt::format(kHalt, dialect.now_ms, dialect.blob_literal(actor.because)));
        entry.write(connection, CampaignId{});
        transaction.commit();
        return true;
    });
}

bool SqlCampaignStore::unhalt(const Actor& actor) {
    const AuditEntry entry("unhalt", "", actor);
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        Transaction transaction(connection);
        if (!read_halt(connection, connection.dialect().for_update)) return false;
        connection.exec(kUnhalt);
        entry.write(connection, CampaignId{});
        transaction.commit();
        return true;
    });
}

FirstCount SqlSession::lock_first_count(CampaignId campaign) {
    const auto subject = fmt::to_string(campaign.value);
    if (const auto first = read_first(connection_, subject)) return *first;
    connection_.exec(fmt::format(kMakeFirst, dialect().key(kFirst), dialect().key(subject),
                                 connection_.now_ms(), dialect().keep_existing("quota", "used")));
    const auto made = read_first(connection_, subject);
    invariant(made.has_value(), "a count that was made is there");
    return *made;
}

void SqlSession::set_first_count(CampaignId campaign, std::uint64_t claimed) {
    connection_.exec(fmt::format(kSetFirst, claimed, dialect().now_ms, dialect().key(kFirst),
                                 dialect().key(fmt::to_string(campaign.value))));
}

}  // namespace dispatcher::sql
