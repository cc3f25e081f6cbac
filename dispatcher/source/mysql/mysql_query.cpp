#include "source/mysql/mysql_query.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <cppconn/connection.h>
#include <cppconn/datatype.h>
#include <cppconn/exception.h>
#include <cppconn/resultset.h>
#include <cppconn/resultset_metadata.h>
#include <cppconn/statement.h>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/error.h"
#include "mysql/mysql_client.h"
#include "mysql/mysql_url.h"

namespace dispatcher::mysql {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kConnectTimeoutSeconds = 5;
/// The server ends a query at its timeout; only one that hangs altogether is waited for longer.
constexpr seconds kHangMargin{5};
constexpr unsigned kRowsBetweenLooks = 1024;

constexpr auto kReadOnly = "SET SESSION TRANSACTION READ ONLY";
// With that mode a backslash would end a text that query_check takes to go on.
constexpr auto kBackslashes =
    "SET SESSION sql_mode=REPLACE(@@SESSION.sql_mode,'NO_BACKSLASH_ESCAPES','')";
constexpr auto kVersion = "SELECT VERSION()";
constexpr auto kTimeoutOfMariadb = "SET SESSION max_statement_time={}";  // seconds
constexpr auto kTimeoutOfMysql = "SET SESSION max_execution_time={}";    // milliseconds
constexpr auto kBegin = "START TRANSACTION READ ONLY";
constexpr auto kCipher = "SHOW STATUS LIKE 'Ssl_cipher'";

/// What an error number means for the one who wrote the query.
enum class Fault { query, write, timeout, lost };

Fault fault_of(int error_number) {
    switch (error_number) {
        case 1792:  // read-only transaction
        case 1290:  // read-only server
        case 1836:
            return Fault::write;
        case 1969:  // max_statement_time
        case 3024:  // max_execution_time
            return Fault::timeout;
        case 1040:  // too many connections
        case 1047:  // cluster node not ready
        case 1053:  // shutdown
        case 1205:  // lock wait
        case 1213:  // deadlock
        case 1317:  // interrupted
        case 1927:  // connection killed
        case 4031:  // idle too long
            return Fault::lost;
        default:
            // Client errors (2000 to 2999) never reached the server, or lost it.
            return error_number >= 2000 && error_number < 3000 ? Fault::lost : Fault::query;
    }
}

QueryResult::Type type_of(int connector_type) {
    using Connector = ::sql::DataType;
    using Type = QueryResult::Type;
    switch (connector_type) {
        case Connector::TINYINT:
        case Connector::SMALLINT:
        case Connector::MEDIUMINT:
        case Connector::INTEGER:
        case Connector::BIGINT:
        case Connector::YEAR:
            return Type::whole;
        case Connector::REAL:
        case Connector::DOUBLE:
            return Type::approximate;
        case Connector::DECIMAL:
        case Connector::NUMERIC:
            return Type::decimal;
        case Connector::CHAR:
        case Connector::VARCHAR:
        case Connector::LONGVARCHAR:
        case Connector::ENUM:
        case Connector::SET:
        case Connector::JSON:
            return Type::text;
        case Connector::BINARY:
        case Connector::VARBINARY:
        case Connector::LONGVARBINARY:
            return Type::bytes;
        case Connector::TIMESTAMP:
        case Connector::DATE:
        case Connector::TIME:
            return Type::time;
        case Connector::SQLNULL:
            return Type::null;
        default:
            return Type::other;
    }
}

/// A connection, with what turns its exceptions into ours. Shared by a session and its results.
class Link {
  public:
    Link(SourceOptions source, std::string where)
        : source_(std::move(source)), where_(std::move(where)) {}

    /// Runs a call to the connector.
    template <class Call>
    void translated(const Call& call) const {
        try {
            enter_driver();
            call();
        } catch (const ::sql::SQLException& error) {
            fail(error);
        }
    }

    /// Connects to the first host that answers, unless that is done.
    void open() {
        if (connection_) return;
        const auto url = MysqlUrl::parse(source_.url);
        const auto read_timeout = std::chrono::ceil<seconds>(source_.timeout) + kHangMargin;
        std::string problems;
        for (const auto& host : url.hosts) {
            const auto problem = connect_problem([&] {
                connection_ = connect(url, host,
                                      {source_.password, source_.tls_ca, kConnectTimeoutSeconds,
                                       static_cast<int>(read_timeout.count())});
            });
            if (problem.empty()) return translated([this] { set_up(); });
            problems += fmt::format("\n  {}:{}: {}", host.name, host.port, problem);
        }
        throw UnavailableError(fmt::format("{}: the database {} cannot be reached as user {}:{}",
                                           where_, url.database, url.user, problems));
    }

    [[nodiscard]] std::unique_ptr<::sql::Statement> make_statement() const {
        return std::unique_ptr<::sql::Statement>(connection_->createStatement());
    }

    /// The time of the query begins.
    void begin() { deadline_ = clock_.now() + source_.timeout; }
    void check_time() {
        if (clock_.now() > deadline_) fail_timeout();
    }

  private:
    void set_up() const {
        const auto statement = make_statement();
        if (!source_.tls_ca.empty() && answer(*statement, kCipher, 2).empty())
            throw UnavailableError(where_ + ": the connection is not encrypted");
        statement->execute(kReadOnly);
        statement->execute(kBackslashes);
        const auto timeout = source_.timeout.count();
        if (answer(*statement, kVersion, 1).find("MariaDB") != std::string::npos)
            statement->execute(fmt::format(kTimeoutOfMariadb, static_cast<double>(timeout) / 1000));
        else
            statement->execute(fmt::format(kTimeoutOfMysql, timeout));
    }

    static std::string answer(::sql::Statement& statement, const char* query,
                              std::uint32_t column) {
        const std::unique_ptr<::sql::ResultSet> result(statement.executeQuery(query));
        return result->next() ? std::string(result->getString(column)) : std::string();
    }

    /// What went wrong with connecting, or nothing.
    static std::string connect_problem(const std::function<void()>& call) {
        try {
            call();
            return {};
        } catch (const ::sql::SQLException& error) {
            return fmt::format("{} ({})", error.what(), error.getErrorCode());
        }
    }

    [[noreturn]] void fail(const ::sql::SQLException& error) const {
        const auto said = fmt::format("the database said: {} ({}, {})", error.what(),
                                      error.getErrorCode(), std::string(error.getSQLState()));
        switch (fault_of(error.getErrorCode())) {
            case Fault::timeout:
                fail_timeout();
            case Fault::lost:
                throw UnavailableError(fmt::format("{}: {}", where_, said));
            case Fault::write:
                throw ConfigError(
                    where_, "the query would write, and an audience may only be read: " + said);
            case Fault::query:
                break;
        }
        throw ConfigError(where_, said);
    }

    [[noreturn]] void fail_timeout() const {
        throw UnavailableError(where_ + ": " + too_slow(source_));
    }

    const SourceOptions source_;
    const std::string where_;
    SystemClock clock_;
    BootTime deadline_{};
    std::unique_ptr<::sql::Connection> connection_;
};

class MysqlQuery final : public QueryResult {
  public:
    MysqlQuery(std::shared_ptr<Link> link, std::string_view query) : link_(std::move(link)) {
        link_->begin();
        link_->translated([&] {
            statement_ = link_->make_statement();
            statement_->execute(kBegin);
            statement_->setResultSetType(::sql::ResultSet::TYPE_FORWARD_ONLY);
            result_.reset(statement_->executeQuery(::sql::SQLString(query.data(), query.size())));
            read_columns();
        });
    }

    [[nodiscard]] const std::vector<Column>& columns() const override { return columns_; }

    bool next() override {
        bool is_there = false;
        link_->translated([&] { is_there = result_->next(); });
        // At the end as well: MySQL lets a SLEEP that it broke off pass for one that returned.
        if (++rows_ % kRowsBetweenLooks == 0 || !is_there) link_->check_time();
        return is_there;
    }

    Value value(std::size_t column) override {
        const auto number = static_cast<std::uint32_t>(column + 1);
        Value value;
        link_->translated([&] {
            if (result_->isNull(number)) return;
            auto& text = texts_[column];
            text = result_->getString(number);
            value = {columns_[column].type.value_or(Type::text), {text.c_str(), text.length()}};
        });
        return value;
    }

  private:
    void read_columns() {
        auto* const facts = result_->getMetaData();
        for (std::uint32_t i = 1; i <= facts->getColumnCount(); ++i)
            columns_.push_back({facts->getColumnLabel(i), type_of(facts->getColumnType(i)),
                                facts->getColumnTypeName(i)});
        texts_.resize(columns_.size());
    }

    std::shared_ptr<Link> link_;
    std::unique_ptr<::sql::Statement> statement_;
    std::unique_ptr<::sql::ResultSet> result_;
    std::vector<Column> columns_;
    std::vector<::sql::SQLString> texts_;
    std::uint64_t rows_ = 0;
};

class MysqlSession final : public QuerySession {
  public:
    MysqlSession(const SourceOptions& source, const std::string& where)
        : link_(std::make_shared<Link>(source, where)) {}

    std::unique_ptr<QueryResult> run(std::string_view query) override {
        link_->open();
        return std::make_unique<MysqlQuery>(link_, query);
    }

    void try_out() override { (void)run("SELECT 1"); }

    [[nodiscard]] std::string literal(std::string_view text) const override {
        const auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '\'' && c != '\\'; };
        // What is plain compares with columns of any character set; the rest says its own.
        if (std::all_of(text.begin(), text.end(), is_plain)) return fmt::format("'{}'", text);
        const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
        return fmt::format("_utf8mb4 X'{}'", to_hex({bytes, text.size()}));
    }

  private:
    std::shared_ptr<Link> link_;
};

}  // namespace

std::unique_ptr<QuerySession> open_session(const SourceOptions& source, const std::string& where) {
    return std::make_unique<MysqlSession>(source, where);
}

}  // namespace dispatcher::mysql
