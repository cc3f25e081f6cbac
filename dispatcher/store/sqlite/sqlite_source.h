#pragma once

#include <string>

#include "store/sql/connection.h"

namespace dispatcher::sqlite {

/// Connections to one file. Thread-safe.
class SqliteSource final : public sql::ConnectionSource {
  public:
    explicit SqliteSource(std::string path) : path_(std::move(path)) {}

    std::unique_ptr<sql::Connection> connect(bool create) override;
    bool exists() override;

  private:
    const std::string path_;
};

}  // namespace dispatcher::sqlite
