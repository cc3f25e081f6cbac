#pragma once

#include <memory>
#include <string>

#include "source/query_session.h"
#include "source/source_options.h"

namespace dispatcher::mysql {

/// Queries on MySQL or MariaDB: over a connection of its own that ends with the session and its
/// results, each in a read-only transaction, unbuffered, and no longer than the source's timeout.
/// `where` opens errors. Connects with the first query.
std::unique_ptr<QuerySession> open_session(const SourceOptions& source, const std::string& where);

}  // namespace dispatcher::mysql
