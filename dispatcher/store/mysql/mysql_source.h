#pragma once

#include "mysql/mysql_url.h"
#include "store/sql/connection.h"
#include "store/store_options.h"

namespace dispatcher::mysql {

/// Connections to the first host of the url that answers. Thread-safe.
class MysqlSource final : public sql::ConnectionSource {
  public:
    explicit MysqlSource(const StoreOptions& options);

    std::unique_ptr<sql::Connection> connect(bool create) override;
    bool exists() override { return true; }

  private:
    const MysqlUrl url_;
    const Secret password_;
    const std::string tls_ca_;
};

}  // namespace dispatcher::mysql
