#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "store/sql/connection.h"
#include "store/store_session.h"

namespace dispatcher::sql {

/// Sessions over connections of any family, all to one and the same store. Thread-safe.
class SqlStore final : public Store {
  public:
    /// `lease` is the lease's length: a server not seen before is admitted after two of them.
    SqlStore(std::unique_ptr<ConnectionSource> source, std::chrono::milliseconds lease);

    /// Also throws StoreError(durability_lost) if another store answers than before.
    std::unique_ptr<StoreSession> connect() override;
    std::string store_id() override;

  private:
    void check_identity(Connection& connection, const std::string& server);

    const std::unique_ptr<ConnectionSource> source_;
    const std::chrono::milliseconds quarantine_;
    std::mutex mutex_;
    std::string store_id_;                    // guarded by mutex_; "" until the first connect
    std::vector<std::string> known_servers_;  // guarded by mutex_
};

}  // namespace dispatcher::sql
