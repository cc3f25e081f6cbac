#pragma once

#include <memory>
#include <string>

#include "source/query_session.h"
#include "source/source_options.h"

namespace dispatcher::sqlite {

/// Queries on an SQLite file, which is opened for reading only, each row by row and no longer than
/// the source's timeout. `where` opens errors. Opens the file with the first query.
std::unique_ptr<QuerySession> open_session(const SourceOptions& source, const std::string& where);

}  // namespace dispatcher::sqlite
