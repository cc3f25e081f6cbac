#include "store/sqlite/database.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "store/store_error.h"

namespace dispatcher::sqlite {
namespace {

using Kind = StoreError::Kind;

constexpr int kBusyTimeoutMs = 5000;
// Each try waits kBusyTimeoutMs.
constexpr int kCommitTries = 4;

// A claim's pages are touched again by its confirmation and by the end of its chunk: 8 MiB of pages
// hold all of them. A log of 32 MiB between checkpoints: each page is written to the file once.
constexpr auto kSetUpWriter =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8192;"
    " PRAGMA wal_autocheckpoint=8192; PRAGMA journal_size_limit=67108864";
constexpr auto kSetUpReader = "PRAGMA query_only=1; PRAGMA cache_size=-2048";

// linux/magic.h and the file systems' own headers.
constexpr std::array<unsigned long, 7> kNetworkFileSystems = {
    0x6969,      // NFS
    0x517B,      // SMB
    0xFF534D42,  // CIFS
    0xFE534D42,  // SMB 2
    0x5346414F,  // AFS
    0x00C36400,  // Ceph
    0x0BD00BD0,  // Lustre
};

class StatementEnd {
  public:
    explicit StatementEnd(sqlite3_stmt* statement) : statement_(statement) {}
    ~StatementEnd() { sqlite3_finalize(statement_); }
    StatementEnd(const StatementEnd&) = delete;
    StatementEnd& operator=(const StatementEnd&) = delete;

  private:
    sqlite3_stmt* statement_;
};

class SqliteRow final : public sql::Row {
  public:
    explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}

    [[nodiscard]] bool is_null(unsigned column) const override {
        return sqlite3_column_type(statement_, static_cast<int>(column)) == SQLITE_NULL;
    }
    [[nodiscard]] std::int64_t integer(unsigned column) const override {
        return sqlite3_column_int64(statement_, static_cast<int>(column));
    }
    [[nodiscard]] std::uint64_t natural(unsigned column) const override {
        return static_cast<std::uint64_t>(integer(column));
    }
    [[nodiscard]] std::string_view bytes(unsigned column) const override {
        const auto* const data =
            static_cast<const char*>(sqlite3_column_blob(statement_, static_cast<int>(column)));
        const auto size = sqlite3_column_bytes(statement_, static_cast<int>(column));
        return data == nullptr ? std::string_view()
                               : std::string_view(data, static_cast<std::size_t>(size));
    }

  private:
    sqlite3_stmt* statement_;
};

/// What a result code means when nothing can have been committed.
Kind definite_kind(int result) {
    switch (result & 0xFF) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Kind::lock_timeout;
        case SQLITE_CONSTRAINT:
            return result == SQLITE_CONSTRAINT_PRIMARYKEY || result == SQLITE_CONSTRAINT_UNIQUE ||
                           result == SQLITE_CONSTRAINT_ROWID
                       ? Kind::duplicate
                       : Kind::schema;
        case SQLITE_ERROR:
        case SQLITE_MISMATCH:
        case SQLITE_MISUSE:
        case SQLITE_RANGE:
        case SQLITE_TOOBIG:
        case SQLITE_NOTADB:
            return Kind::schema;
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
        case SQLITE_CORRUPT:
            return Kind::unavailable;
        default:
            return Kind::not_applied;
    }
}

/// Failures that say for sure that a commit did not happen.
bool is_definite(int result) {
    const auto kind = definite_kind(result);
    return kind == Kind::lock_timeout || kind == Kind::duplicate || kind == Kind::schema;
}

/// Why a writer cannot have the file, where its disk or its permissions are to blame: ": Read-only
/// file system". SQLite itself only says that it cannot open it.
std::string write_obstacle(const std::string& path, Database::Mode mode) {
    if (mode == Database::Mode::read) return {};
    const auto folder = std::filesystem::path(path).parent_path().string();
    for (const auto& place : {folder.empty() ? std::string(".") : folder, path})
        if (access(place.c_str(), W_OK) != 0 && errno != ENOENT)
            return ": " + std::generic_category().message(errno);
    return {};
}

}  // namespace

Database::Database(const std::string& path, Mode mode) : path_(path) {
    if (mode == Mode::create) {
        const auto folder = std::filesystem::path(path).parent_path();
        std::error_code error;
        if (!folder.empty()) std::filesystem::create_directories(folder, error);
        if (error) {
            throw StoreError(Kind::unavailable, fmt::format("the folder {} cannot be made: {}",
                                                            folder.string(), error.message()));
        }
    } else if (!std::filesystem::exists(path)) {
        throw StoreError(Kind::schema,
                         fmt::format("there is no store at {}: run `pushonce store init`", path));
    }
    if (is_on_network(path)) {
        throw StoreError(Kind::unavailable,
                         fmt::format("{} is on a network file system, where SQLite is not safe: "
                                     "put it on a local disk or use MySQL",
                                     path));
    }
    const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE |
                      (mode == Mode::create ? SQLITE_OPEN_CREATE : 0);
    const int result = sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr);
    if (result != SQLITE_OK) {
        const std::string problem = sqlite3_errstr(result) + write_obstacle(path, mode);
        sqlite3_close_v2(handle_);
        throw StoreError(Kind::unavailable,
                         fmt::format("the store {} cannot be opened: {}", path, problem));
    }
    struct stat opened {};
    if (stat(path.c_str(), &opened) == 0) {
        device_ = opened.st_dev;
        inode_ = opened.st_ino;
    }
    set_up(mode);
}

Database::~Database() {
    sqlite3_close_v2(handle_);
}

void Database::set_up(Mode mode) {
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, kBusyTimeoutMs);
    const auto* const pragmas = mode == Mode::read ? kSetUpReader : kSetUpWriter;
    const int result = sqlite3_exec(handle_, pragmas, nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) {
        const std::string problem = sqlite3_errmsg(handle_) + write_obstacle(path_, mode);
        sqlite3_close_v2(handle_);
        throw StoreError(definite_kind(result),
                         fmt::format("the store's file cannot be used: {}", problem));
    }
}

void Database::exec(std::string_view statement) {
    query(statement, [](const sql::Row&) {});
}

void Database::query(std::string_view text, const sql::OnRow& on_row) {
    sqlite3_stmt* statement = nullptr;
    int result = sqlite3_prepare_v2(handle_, text.data(), static_cast<int>(text.size()), &statement,
                                    nullptr);
    if (result != SQLITE_OK) fail(result, false);
    const StatementEnd end(statement);
    const SqliteRow row(statement);
    while ((result = sqlite3_step(statement)) == SQLITE_ROW)
        on_row(row);
    if (result != SQLITE_DONE) fail(result, commits_by_itself());
}

void Database::exec_for_each(std::string_view text, std::span<const std::string_view> keys) {
    sqlite3_stmt* statement = nullptr;
    int result = sqlite3_prepare_v2(handle_, text.data(), static_cast<int>(text.size()), &statement,
                                    nullptr);
    if (result != SQLITE_OK) fail(result, false);
    const StatementEnd end(statement);
    for (const auto key : keys) {
        // An absent pointer would bind NULL.
        result = sqlite3_bind_blob(statement, 1, key.empty() ? "" : key.data(),
                                   static_cast<int>(key.size()), SQLITE_STATIC);
        if (result == SQLITE_OK) result = sqlite3_step(statement);
        if (result != SQLITE_DONE) fail(result, commits_by_itself());
        sqlite3_reset(statement);
    }
}

void Database::begin() {
    require_file();
    exec("BEGIN IMMEDIATE");
}

void Database::require_file() const {
    struct stat named {};
    if (stat(path_.c_str(), &named) == 0 && named.st_dev == device_ && named.st_ino == inode_)
        return;
    throw StoreError(Kind::durability_lost,
                     fmt::format("the store's file {} was removed or replaced while it was in use: "
                                 "what this campaign had sent is recorded in the old file alone",
                                 path_));
}

void Database::commit() {
    int result = SQLITE_BUSY;
    for (int left = kCommitTries; left > 0 && (result & 0xFF) == SQLITE_BUSY; --left) {
        result = sqlite3_exec(handle_, "COMMIT", nullptr, nullptr, nullptr);
    }
    if (result != SQLITE_OK) fail(result, true);
}

bool Database::rollback() noexcept {
    if (sqlite3_get_autocommit(handle_) == 0) {
        sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
    }
    return sqlite3_get_autocommit(handle_) != 0;
}

bool Database::commits_by_itself() const {
    return sqlite3_get_autocommit(handle_) != 0;
}

void Database::fail(int result, bool may_have_committed) const {
    const auto kind =
        may_have_committed && !is_definite(result) ? Kind::ambiguous : definite_kind(result);
    throw StoreError(kind, fmt::format("the store answered {}: {}", sqlite3_errstr(result),
                                       sqlite3_errmsg(handle_)));
}

bool is_on_network(const std::string& path) {
    struct statfs system {};
    const auto folder = std::filesystem::path(path).parent_path().string();
    if (statfs(folder.empty() ? "." : folder.c_str(), &system) != 0) return false;
    const auto type = static_cast<unsigned long>(system.f_type) & 0xFFFFFFFFUL;
    return std::ranges::count(kNetworkFileSystems, type) != 0;
}

}  // namespace dispatcher::sqlite
