#include "source/sqlite/sqlite_query.h"

#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/clock.h"
#include "base/error.h"

namespace dispatcher::sqlite {
namespace {

constexpr std::string_view kScheme = "sqlite:";
constexpr int kBusyTimeoutMs = 5000;
/// Steps of SQLite's machine between two looks at the clock.
constexpr int kStepsBetweenLooks = 10'000;

class SqliteQuery final : public QueryResult {
  public:
    SqliteQuery(const SourceOptions& source, std::string where)
        : source_(source), where_(std::move(where)) {}
    ~SqliteQuery() override {
        sqlite3_finalize(statement_);
        sqlite3_close_v2(handle_);
    }
    SqliteQuery(const SqliteQuery&) = delete;
    SqliteQuery& operator=(const SqliteQuery&) = delete;

    void run(std::string_view query) {
        const auto path = source_.url.substr(kScheme.size());
        const int opened = sqlite3_open_v2(path.c_str(), &handle_,
                                           SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
        if (opened != SQLITE_OK)
            throw ConfigError(where_,
                              fmt::format("{} cannot be opened: {}", path, sqlite3_errstr(opened)));
        sqlite3_busy_timeout(handle_, kBusyTimeoutMs);
        deadline_ = clock_.now() + source_.timeout;
        sqlite3_progress_handler(handle_, kStepsBetweenLooks, &SqliteQuery::is_over, this);
        const int prepared = sqlite3_prepare_v2(
            handle_, query.data(), static_cast<int>(query.size()), &statement_, nullptr);
        if (prepared != SQLITE_OK) fail(prepared);
        if (sqlite3_stmt_readonly(statement_) == 0)
            throw ConfigError(where_, "the query would write, and an audience may only be read");
        for (int i = 0; i < sqlite3_column_count(statement_); ++i)
            columns_.push_back({sqlite3_column_name(statement_, i), std::nullopt, ""});
    }

    [[nodiscard]] const std::vector<Column>& columns() const override { return columns_; }

    bool next() override {
        const int result = sqlite3_step(statement_);
        if (result == SQLITE_ROW) return true;
        if (result != SQLITE_DONE) fail(result);
        return false;
    }

    Value value(std::size_t column) override {
        const auto number = static_cast<int>(column);
        const auto type = type_of(sqlite3_column_type(statement_, number));
        if (type == Type::null) return {};
        const auto* const data = type == Type::bytes ? sqlite3_column_blob(statement_, number)
                                                     : sqlite3_column_text(statement_, number);
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, number));
        if (data == nullptr) return {type, {}};
        return {type, {static_cast<const char*>(data), size}};
    }

  private:
    static int is_over(void* query) {
        auto& self = *static_cast<SqliteQuery*>(query);
        return self.clock_.now() > self.deadline_ ? 1 : 0;
    }

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

    [[noreturn]] void fail(int result) const {
        const auto said = fmt::format("the database said: {}", sqlite3_errmsg(handle_));
        switch (result & 0xFF) {
            case SQLITE_INTERRUPT:
                throw UnavailableError(
                    fmt::format("{}: the query took longer than {} ms: give "
                                "sources.{}.timeout more, or make it faster",
                                where_, source_.timeout.count(), source_.name));
            case SQLITE_BUSY:
            case SQLITE_LOCKED:
            case SQLITE_IOERR:
            case SQLITE_CORRUPT:
            case SQLITE_NOMEM:
                throw UnavailableError(fmt::format("{}: {}", where_, said));
            case SQLITE_READONLY:
                throw ConfigError(
                    where_, "the query would write, and an audience may only be read: " + said);
            default:
                throw ConfigError(where_, said);
        }
    }

    const SourceOptions source_;
    const std::string where_;
    SystemClock clock_;
    BootTime deadline_{};
    sqlite3* handle_ = nullptr;
    sqlite3_stmt* statement_ = nullptr;
    std::vector<Column> columns_;
};

}  // namespace

std::unique_ptr<QueryResult> open_query(const SourceOptions& source, std::string_view query,
                                        const std::string& where) {
    auto result = std::make_unique<SqliteQuery>(source, where);
    result->run(query);
    return result;
}

}  // namespace dispatcher::sqlite
