#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "source/query_result.h"
#include "source/source_options.h"

namespace dispatcher::sqlite {

/// Runs a query on an SQLite file, which is opened for reading only, row by row, and no longer than
/// the source's timeout. `where` opens errors. Throws ConfigError for what a person must mend, with
/// what the database said; UnavailableError if the file is locked or damaged.
std::unique_ptr<QueryResult> open_query(const SourceOptions& source, std::string_view query,
                                        const std::string& where);

}  // namespace dispatcher::sqlite
