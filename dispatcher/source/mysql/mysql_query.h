#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "source/query_result.h"
#include "source/source_options.h"

namespace dispatcher::mysql {

/// Runs a query on MySQL or MariaDB: on a connection of its own that ends with the result, in a
/// read-only transaction, unbuffered, and no longer than the source's timeout. `where` opens
/// errors. Throws ConfigError for what a person must mend, with what the database said;
/// UnavailableError if the database cannot be reached.
std::unique_ptr<QueryResult> open_query(const SourceOptions& source, std::string_view query,
                                        const std::string& where);

}  // namespace dispatcher::mysql
