#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "store/sql/connection.h"

struct sqlite3;

namespace dispatcher::sqlite {

/// An open SQLite file, set up for the flag protocol: write-ahead log, every commit synced. The one
/// place where SQLite's result codes become StoreErrors. One thread at a time.
class Database {
  public:
    enum class Mode { read, write, create };

    /// Throws StoreError: unavailable (no permission, network file system), schema (no such file).
    Database(const std::string& path, Mode mode);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    void exec(std::string_view statement);
    void query(std::string_view statement, const sql::OnRow& on_row);
    /// `statement` has one parameter; runs once for each key.
    void exec_for_each(std::string_view statement, std::span<const std::string_view> keys);

    /// Throws durability_lost where the file was removed or replaced since it was opened: what
    /// would be written now nobody could read again.
    void begin();
    /// Tries again while another process holds the file; any other failure than a clear one is
    /// ambiguous.
    void commit();
    /// Answers false if the transaction could not be ended: the database is of no more use.
    bool rollback() noexcept;

  private:
    [[noreturn]] void fail(int result, bool may_have_committed) const;
    /// Whether a statement outside a transaction, or its end, may have reached the disk.
    [[nodiscard]] bool commits_by_itself() const;
    void set_up(Mode mode);
    void require_file() const;

    sqlite3* handle_ = nullptr;
    std::string path_;
    std::uint64_t device_ = 0;  ///< with inode_: which file the path named when it was opened
    std::uint64_t inode_ = 0;
};

/// Whether the path lies on a file system of another machine, where locks and syncs cannot be
/// relied on.
bool is_on_network(const std::string& path);

}  // namespace dispatcher::sqlite
