#include "store/sql/schema.h"

#include <array>
#include <chrono>

#include <fmt/format.h>

#include "base/random.h"
#include "store/store_error.h"

namespace dispatcher::sql {
namespace {

// One source for both families: {u8} … {blob} are the dialect's column types, {table} ends a
// table, {keyed_table} one whose rows live in its primary key. Bytes compare bytewise everywhere:
// a collated key would merge devices. Times are epoch milliseconds of the database's clock.
constexpr std::array kTables = {
    // The flags. The defaults are those of a fresh claim, which keeps that statement short.
    "CREATE TABLE IF NOT EXISTS delivery (scope_id {u32} NOT NULL,"
    " appid {bytes}(64) NOT NULL{appid_check}, campaign_id {u32} NOT NULL,"
    " state {u8} NOT NULL DEFAULT 1, claims {u16} NOT NULL DEFAULT 1,"
    " tries {u16} NOT NULL DEFAULT 0, tries_before {u16} NULL, claim_id {u64} NOT NULL, code {u16} "
    "NOT NULL DEFAULT 0,"
    " due_at {i64} NULL, changed_at {i64} NOT NULL, PRIMARY KEY (scope_id, appid)){keyed_table}",

    // A draft has no name yet: seal() gives it, so the name appears with all that is sealed.
    "CREATE TABLE IF NOT EXISTS campaign (id {u32} NOT NULL PRIMARY KEY, name {bytes}(128) NULL"
    " UNIQUE, scope_id {u32} NOT NULL, state {u8} NOT NULL, epoch {u64} NOT NULL,"
    " draft_owner {u32} NOT NULL, created_at {i64} NOT NULL, sealed {blob} NULL,"
    " sealed_sha {bytes}(32) NULL, source_text {blob} NULL, sealed_at {i64} NULL,"
    " sealed_by {bytes}(255) NULL, settings {blob} NULL, started_at {i64} NULL,"
    " deadline {i64} NULL, cause {blob} NULL){table}",

    "CREATE TABLE IF NOT EXISTS scope (id {u32} NOT NULL PRIMARY KEY, name {bytes}(128) NOT NULL"
    " UNIQUE){table}",

    "CREATE TABLE IF NOT EXISTS chunk (campaign_id {u32} NOT NULL, chunk_no {u32} NOT NULL,"
    " gateway {u16} NOT NULL, due_at {i64} NOT NULL, state {u8} NOT NULL, owner {u32} NOT NULL,"
    " fence {u64} NOT NULL, claim_seq {u64} NOT NULL, lease_until {i64} NOT NULL,"
    " key_lo {bytes}(64) NOT NULL, key_hi {bytes}(64) NOT NULL, rows_n {u32} NOT NULL,"
    " sha256 {bytes}(32) NOT NULL, PRIMARY KEY (campaign_id, chunk_no)){table}",

    "CREATE TABLE IF NOT EXISTS chunk_payload (campaign_id {u32} NOT NULL, chunk_no {u32} NOT NULL,"
    " codec {u8} NOT NULL, keys_block {blob} NOT NULL, data_block {blob} NULL,"
    " PRIMARY KEY (campaign_id, chunk_no)){table}",

    "CREATE TABLE IF NOT EXISTS incarnation (id {u32} NOT NULL PRIMARY KEY, host {bytes}(255) NOT"
    " NULL, boot_id {bytes}(64) NOT NULL, pid {i64} NOT NULL, started_at {i64} NOT NULL,"
    " closed_at {i64} NULL){table}",

    // One-device sends: delivery's columns under a key of the caller's.
    "CREATE TABLE IF NOT EXISTS single (source_id {u32} NOT NULL, seq {bytes}(64) NOT NULL,"
    " request_sha {bytes}(32) NOT NULL, request {blob} NOT NULL, appid {bytes}(64) NOT NULL,"
    " state {u8} NOT NULL, claims {u16} NOT NULL, tries {u16} NOT NULL, claim_id {u64} NOT NULL,"
    " code {u16} NOT NULL, due_at {i64} NULL, changed_at {i64} NOT NULL,"
    " PRIMARY KEY (source_id, seq)){table}",
    "CREATE TABLE IF NOT EXISTS single_source (id {u32} NOT NULL PRIMARY KEY, name {bytes}(128) NOT"
    " NULL UNIQUE, low_seq {bytes}(64) NOT NULL){table}",

    "CREATE TABLE IF NOT EXISTS settings_history (campaign_id {u32} NOT NULL, at {i64} NOT NULL,"
    " id {u64} NOT NULL UNIQUE, settings {blob} NOT NULL, who {bytes}(255) NOT NULL,"
    " PRIMARY KEY (campaign_id, at, id)){table}",

    // campaign_id 0: an action on the whole store.
    "CREATE TABLE IF NOT EXISTS audit (campaign_id {u32} NOT NULL, at {i64} NOT NULL,"
    " id {u64} NOT NULL UNIQUE, who {bytes}(255) NOT NULL, origin {bytes}(255) NOT NULL,"
    " action {bytes}(64) NOT NULL, detail {blob} NOT NULL, because {blob} NOT NULL,"
    " PRIMARY KEY (campaign_id, at, id)){table}",

    // tat_us: when the next send of the budget is due (theoretical arrival time), microseconds.
    "CREATE TABLE IF NOT EXISTS budget (campaign_id {u32} NOT NULL, gateway {bytes}(64) NOT NULL,"
    " tat_us {i64} NOT NULL, PRIMARY KEY (campaign_id, gateway)){table}",
    "CREATE TABLE IF NOT EXISTS quota (name {bytes}(128) NOT NULL, subject {bytes}(64) NOT NULL,"
    " since {i64} NOT NULL, used {u64} NOT NULL, PRIMARY KEY (name, subject)){table}",

    "CREATE TABLE IF NOT EXISTS suppression (appid {bytes}(64) NOT NULL PRIMARY KEY,"
    " since {i64} NOT NULL, who {bytes}(255) NOT NULL, because {blob} NOT NULL){table}",

    // mark: a hash of gateway target and device token. dead_since: by the gateway's clock.
    "CREATE TABLE IF NOT EXISTS dead_token (mark {bytes}(32) NOT NULL PRIMARY KEY,"
    " reason {u16} NOT NULL, dead_since {i64} NULL, told_at {i64} NOT NULL){keyed_table}",

    "CREATE TABLE IF NOT EXISTS launch_token (sha256 {bytes}(32) NOT NULL PRIMARY KEY,"
    " made_at {i64} NOT NULL, made_by {bytes}(255) NOT NULL, expires_at {i64} NOT NULL,"
    " spent_at {i64} NULL, campaign_id {u32} NULL){table}",

    "CREATE TABLE IF NOT EXISTS idempotency (source {bytes}(128) NOT NULL, idem_key {bytes}(255)"
    " NOT NULL, request_sha {bytes}(32) NOT NULL, status {u16} NULL, answer {blob} NULL,"
    " made_at {i64} NOT NULL, PRIMARY KEY (source, idem_key)){table}",

    "CREATE TABLE IF NOT EXISTS store_server (uuid {bytes}(64) NOT NULL PRIMARY KEY,"
    " admitted_at {i64} NOT NULL){table}",
    "CREATE TABLE IF NOT EXISTS store_id (one {u8} NOT NULL PRIMARY KEY, id {bytes}(16) NOT NULL,"
    " made_at {i64} NOT NULL, halted_at {i64} NULL, halt_cause {blob} NULL){table}",
    // What turns the appids of forgotten devices into tombstones; made by the first of them.
    "CREATE TABLE IF NOT EXISTS forget_key (one {u8} NOT NULL PRIMARY KEY,"
    " hmac_key {bytes}(32) NOT NULL, made_at {i64} NOT NULL){table}",
    // Written last: with it the schema is complete.
    "CREATE TABLE IF NOT EXISTS schema_version (one {u8} NOT NULL PRIMARY KEY,"
    " version {u32} NOT NULL){table}",
};

std::string rendered(std::string_view table, const Dialect& dialect) {
    return fmt::format(
        fmt::runtime(table), fmt::arg("u8", dialect.u8), fmt::arg("u16", dialect.u16),
        fmt::arg("u32", dialect.u32), fmt::arg("u64", dialect.u64), fmt::arg("i64", dialect.i64),
        fmt::arg("bytes", dialect.bytes), fmt::arg("blob", dialect.blob),
        fmt::arg("table", dialect.table), fmt::arg("keyed_table", dialect.keyed_table),
        fmt::arg("appid_check", dialect.appid_check));
}

std::string random_store_id() {
    SystemRandom random;
    std::string id;
    for (int half = 0; half < 2; ++half) {
        const auto bits = random.next();
        id.append(reinterpret_cast<const char*>(&bits), sizeof bits);
    }
    return id;
}

}  // namespace

void create_schema(Connection& connection) {
    const auto& dialect = connection.dialect();
    if (read_schema_version(connection) != 0) require_schema(connection);
    for (const auto* const table : kTables)
        connection.exec(rendered(table, dialect));
    connection.exec(fmt::format("INSERT INTO store_id (one, id, made_at) VALUES (1,{},{}){}",
                                dialect.key(random_store_id()), dialect.now_ms,
                                dialect.keep_existing("store_id", "one")));
    // The server that the store is made on has forgotten nothing.
    if (const auto server = connection.server_uuid(); !server.empty())
        (void)note_server(connection, server, std::chrono::milliseconds{0});
    connection.exec(fmt::format("INSERT INTO schema_version (one, version) VALUES (1,{}){}",
                                kSchemaVersion, dialect.keep_existing("schema_version", "one")));
}

void migrate_schema(Connection& connection) {
    if (read_schema_version(connection) != kOldestSchemaVersion) require_schema(connection);
    // Version 3 has a table more.
    for (const auto* const table : kTables)
        connection.exec(rendered(table, connection.dialect()));
    connection.exec(fmt::format("UPDATE schema_version SET version={} WHERE one=1 AND version={}",
                                kSchemaVersion, kOldestSchemaVersion));
}

int read_schema_version(Connection& connection) {
    if (!connection.has_table("schema_version")) return 0;
    int version = 0;
    connection.query("SELECT version FROM schema_version WHERE one=1",
                     [&](const Row& row) { version = static_cast<int>(row.integer(0)); });
    return version;
}

void require_schema(Connection& connection) {
    const auto found = read_schema_version(connection);
    if (found == kSchemaVersion) return;
    if (found == 0) {
        throw StoreError(StoreError::Kind::schema,
                         "the store has no tables yet: run `pushonce store init`");
    }
    throw StoreError(
        StoreError::Kind::schema,
        found < kSchemaVersion
            ? fmt::format("the store's tables are of version {}, this program wants {}: run "
                          "`pushonce store migrate`",
                          found, kSchemaVersion)
            : fmt::format("the store's tables are of version {}, this program knows {}: use the "
                          "newer program",
                          found, kSchemaVersion));
}

bool note_server(Connection& connection, const std::string& uuid,
                 std::chrono::milliseconds quarantine) {
    const auto& dialect = connection.dialect();
    bool is_known = false;
    connection.query(
        fmt::format("SELECT COUNT(*) FROM store_server WHERE uuid={}", dialect.key(uuid)),
        [&](const Row& row) { is_known = row.integer(0) != 0; });
    if (is_known) return false;
    connection.exec(fmt::format("INSERT INTO store_server (uuid, admitted_at) VALUES ({},{}){}",
                                dialect.key(uuid), dialect.now_plus(quarantine.count()),
                                dialect.keep_existing("store_server", "uuid")));
    return true;
}

std::string read_store_id(Connection& connection) {
    std::string id;
    connection.query("SELECT id FROM store_id WHERE one=1",
                     [&](const Row& row) { id = std::string(row.bytes(0)); });
    return id;
}

}  // namespace dispatcher::sql
