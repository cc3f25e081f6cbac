#pragma once

#include <memory>
#include <optional>
#include <string>

#include "store/sqlite/writer.h"

namespace dispatcher::sqlite {

/// A session's way to the file: transactions and single changes through the process's one writer,
/// reads outside of transactions through a reader of its own, so that they hold up nobody.
class SqliteConnection final : public sql::Connection {
  public:
    SqliteConnection(std::string path, bool create);
    ~SqliteConnection() override;

    [[nodiscard]] const sql::Dialect& dialect() const override;
    void begin() override;
    void commit() override;
    void rollback() noexcept override;
    void exec(std::string_view statement) override;
    void query(std::string_view statement, const sql::OnRow& on_row) override;
    void insert_keys(const sql::KeyInsert& insert, std::span<const std::string_view> keys) override;
    [[nodiscard]] bool is_broken() const noexcept override;
    bool has_table(std::string_view name) override;
    std::string server_uuid() override { return {}; }
    sql::NamedValues server_settings() override;

  private:
    Database& reader();
    void end_transaction() noexcept;

    const std::string path_;
    const std::shared_ptr<Writer> writer_;
    std::optional<Database> reader_;
    bool holds_writer_ = false;
};

}  // namespace dispatcher::sqlite
