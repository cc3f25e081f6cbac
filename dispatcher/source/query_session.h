#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "source/query_result.h"

namespace dispatcher {

/// Port: a database that answers one query after the other over one connection, read-only. One
/// thread.
class QuerySession {
  public:
    virtual ~QuerySession() = default;
    /// Runs a query, which sees what is committed when it begins; its result must be gone before
    /// the next. Connects if need be. Throws ConfigError for what a person must mend,
    /// UnavailableError if the database cannot be reached or the timeout passed; after either the
    /// session is of no use.
    virtual std::unique_ptr<QueryResult> run(std::string_view query) = 0;
    /// Connects, and finds out whether there is a database. Throws as run() does.
    virtual void try_out() = 0;
    /// `text`, which is valid UTF-8, as a text literal of the database's SQL.
    [[nodiscard]] virtual std::string literal(std::string_view text) const = 0;
};

}  // namespace dispatcher
