#include "source/sqlite/sqlite_query.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"

namespace dispatcher::sqlite {
namespace {

constexpr std::string_view kScheme = "sqlite:";
constexpr int kBusyTimeoutMs = 5000;
/// Steps of SQLite's machine between two looks at the clock.
constexpr int kStepsBetweenLooks = 10'000;

/// An open file. Shared by a session and its results.
class Link {
  public:
    Link(SourceOptions source, std::string where)
        : source_(std::move(source)), where_(std::move(where)) {}
    ~Link() { close(); }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    /// Opens the file that has the name now: one that was replaced is read no more.
    void open() {
        const auto path = source_.url.substr(kScheme.size());
        const auto there = id_of(path);
        if (handle_ != nullptr && there == opened_) return;
        close();
        opened_ = there;
        const int opened = sqlite3_open_v2(path.c_str(), &handle_,
                                           SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
        if (opened != SQLITE_OK)
            refuse(fmt::format("{} cannot be opened: {}", path, sqlite3_errstr(opened)));
        sqlite3_busy_timeout(handle_, static_cast<int>(std::min<std::int64_t>(
                                          kBusyTimeoutMs, source_.timeout.count())));
        sqlite3_progress_handler(handle_, kStepsBetweenLooks, &Link::is_over, this);
    }

    /// The time of a query begins.
    sqlite3_stmt* prepare(std::string_view query) {
        deadline_ = clock_.now() + source_.timeout;
        sqlite3_stmt* statement = nullptr;
        const int prepared = sqlite3_prepare_v2(
            handle_, query.data(), static_cast<int>(query.size()), &statement, nullptr);
        if (prepared != SQLITE_OK) fail(prepared);
        return statement;
    }

    [[noreturn]] void refuse(const std::string& problem) const {
        throw ConfigError(where_, problem);
    }
    [[noreturn]] void fail(int result) const {
        const auto said = fmt::format("the database said: {}", sqlite3_errmsg(handle_));
        switch (result & 0xFF) {
            case SQLITE_INTERRUPT:
                throw UnavailableError(where_ + ": " + too_slow(source_));
            case SQLITE_BUSY:
            case SQLITE_LOCKED:
            case SQLITE_IOERR:
            case SQLITE_CORRUPT:
            case SQLITE_NOMEM:
                throw UnavailableError(fmt::format("{}: {}", where_, said));
            case SQLITE_READONLY:
                refuse("the query would write, and an audience may only be read: " + said);
            default:
                refuse(said);
        }
    }

  private:
    /// Which file has a name: device and inode; nothing if none has.
    using FileId = std::optional<std::pair<dev_t, ino_t>>;

    static FileId id_of(const std::string& path) {
        struct stat status {};
        if (stat(path.c_str(), &status) != 0) return std::nullopt;
        return std::pair(status.st_dev, status.st_ino);
    }
    void close() {
        sqlite3_close_v2(handle_);
        handle_ = nullptr;
    }
    static int is_over(void* link) {
        auto& self = *static_cast<Link*>(link);
        return self.clock_.now() > self.deadline_ ? 1 : 0;
    }

    const SourceOptions source_;
    const std::string where_;
    SystemClock clock_;
    BootTime deadline_{};
    sqlite3* handle_ = nullptr;
    FileId opened_;
};

class SqliteQuery final : public QueryResult {
  public:
    SqliteQuery(std::shared_ptr<Link> link, std::string_view query)
        : link_(std::move(link)), statement_(link_->prepare(query), &sqlite3_finalize) {
        if (sqlite3_stmt_readonly(statement_.get()) == 0)
            link_->refuse("the query would write, and an audience may only be read");
        for (int i = 0; i < sqlite3_column_count(statement_.get()); ++i)
            columns_.push_back({sqlite3_column_name(statement_.get(), i), std::nullopt, ""});
    }

    [[nodiscard]] const std::vector<Column>& columns() const override { return columns_; }

    bool next() override {
        const int result = sqlite3_step(statement_.get());
        if (result == SQLITE_ROW) return true;
        if (result != SQLITE_DONE) link_->fail(result);
        return false;
    }

    Value value(std::size_t column) override {
        const auto number = static_cast<int>(column);
        auto* const statement = statement_.get();
        const auto type = type_of(sqlite3_column_type(statement, number));
        if (type == Type::null) return {};
        const auto* const data = type == Type::bytes ? sqlite3_column_blob(statement, number)
                                                     : sqlite3_column_text(statement, number);
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, number));
        if (data == nullptr) return {type, {}};
        return {type, {static_cast<const char*>(data), size}};
    }

  private:
    static Type type_of(int sqlite_type) {
        switch (sqlite_type) {
            case SQLITE_INTEGER:
                return Type::whole;
            case SQLITE_FLOAT:
                return Type::approximate;
            case SQLITE_TEXT:
                return Type::text;
            case SQLITE_BLOB:
                return Type::bytes;
            default:
                return Type::null;
        }
    }

    std::shared_ptr<Link> link_;
    std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement_;
    std::vector<Column> columns_;
};

class SqliteSession final : public QuerySession {
  public:
    SqliteSession(const SourceOptions& source, const std::string& where)
        : link_(std::make_shared<Link>(source, where)) {}

    std::unique_ptr<QueryResult> run(std::string_view query) override {
        link_->open();
        return std::make_unique<SqliteQuery>(link_, query);
    }

    // A file is read only when something in it is asked for.
    void try_out() override { (void)run("SELECT count(*) FROM sqlite_schema"); }

    [[nodiscard]] std::string literal(std::string_view text) const override {
        std::string literal = "'";
        for (const char c : text)
            literal.append(c == '\'' ? 2 : 1, c);
        return literal + '\'';
    }

  private:
    std::shared_ptr<Link> link_;
};

}  // namespace

std::unique_ptr<QuerySession> open_session(const SourceOptions& source, const std::string& where) {
    return std::make_unique<SqliteSession>(source, where);
}

}  // namespace dispatcher::sqlite
