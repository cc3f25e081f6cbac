#pragma once

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
    explicit SqlStore(std::unique_ptr<ConnectionSource> source);

    /// Also throws StoreError(durability_lost) if another store answers than before.
    std::unique_ptr<StoreSession> connect() override;
    std::string store_id() override;

  private:
    void check_identity(Connection& connection);

    const std::unique_ptr<ConnectionSource> source_;
    std::mutex mutex_;
    std::string store_id_;                    // guarded by mutex_; "" until the first connect
    std::vector<std::string> known_servers_;  // guarded by mutex_
};

}  // namespace dispatcher::sql
