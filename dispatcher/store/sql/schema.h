#pragma once

#include "store/sql/connection.h"

namespace dispatcher::sql {

/// Version of the tables that this program reads and writes.
inline constexpr int kSchemaVersion = 2;

/// Makes what is missing: tables, the store's id, the version. Idempotent; several may do it at
/// once. Throws StoreError(schema) if the tables are of another version.
void create_schema(Connection& connection);

/// The version found; 0 without tables.
int read_schema_version(Connection& connection);

/// Throws StoreError(schema), with what to do, unless the version is ours.
void require_schema(Connection& connection);

/// The 16 random bytes that name the store.
std::string read_store_id(Connection& connection);

}  // namespace dispatcher::sql
