#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "store/sqlite/database.h"

namespace dispatcher::sqlite {

/// The one connection of this process that writes to a file, taken by one session at a time.
/// Thread-safe but for database(), which belongs to the holder.
class Writer {
  public:
    /// The writer of this path, opened if no session has it open. Throws StoreError.
    static std::shared_ptr<Writer> of(const std::string& path, bool create);

    Writer(const std::string& path, Database::Mode mode) : database_(path, mode) {}

    /// Waits for the holder, but not for ever: throws StoreError(lock_timeout).
    void take();
    void give_back();
    Database& database() { return database_; }

    /// A transaction of it could neither be ended nor undone: all sessions connect anew.
    void mark_broken();
    [[nodiscard]] bool is_broken() const;

  private:
    mutable std::mutex mutex_;
    std::condition_variable freed_;
    bool is_taken_ = false;   // guarded by mutex_
    bool is_broken_ = false;  // guarded by mutex_
    Database database_;       // used by who took it
};

}  // namespace dispatcher::sqlite
