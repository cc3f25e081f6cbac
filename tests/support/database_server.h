#pragma once

#include <cstdint>
#include <string>

#include "store/store_options.h"

namespace dispatcher::test {

/// A database server of the test program's own. Its administrator is reached through a socket
/// without a password, its user "app" through TCP on 127.0.0.1 with one.
class DatabaseServer {
  public:
    virtual ~DatabaseServer() = default;
    virtual void start() = 0;
    virtual void kill_hard() = 0;

    /// Makes an empty database and answers its name.
    std::string make_database();
    /// Options of a store in this database.
    [[nodiscard]] StoreOptions options(const std::string& database) const;
    /// Runs a statement as the administrator.
    void administer(const std::string& statement);
    /// Ends every connection that uses this database, as an administrator would.
    void kill_connections(const std::string& database);

  protected:
    /// Makes the user "app"; once, after the first start.
    void make_user();

    std::uint16_t port_ = 0;
    std::string socket_;

  private:
    unsigned databases_ = 0;
};

}  // namespace dispatcher::test
