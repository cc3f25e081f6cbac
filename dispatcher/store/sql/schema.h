#pragma once

#include <chrono>
#include <string>

#include "store/sql/connection.h"

namespace dispatcher::sql {

/// Version of the tables that this program reads and writes.
inline constexpr int kSchemaVersion = 3;
/// The oldest version that migrate_schema() brings to it.
inline constexpr int kOldestSchemaVersion = 2;

/// Makes what is missing: tables, the store's id, the version. Idempotent; several may do it at
/// once. Throws StoreError(schema) if the tables are of another version.
void create_schema(Connection& connection);

/// Adds what tables of the oldest version lack to ours. Idempotent; several may do it at once.
/// Throws StoreError(schema) if the tables are of another version, or there are none.
void migrate_schema(Connection& connection);

/// The version found; 0 without tables.
int read_schema_version(Connection& connection);

/// Throws StoreError(schema), with what to do, unless the version is ours.
void require_schema(Connection& connection);

/// The 16 random bytes that name the store.
std::string read_store_id(Connection& connection);

/// Writes down that this server answers for the store, admitted after `quarantine` by its clock;
/// answers false if it was known already. Idempotent.
bool note_server(Connection& connection, const std::string& uuid,
                 std::chrono::milliseconds quarantine);

}  // namespace dispatcher::sql
