#include "source/mysql/mysql_query.h"

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

class MysqlQuery final : public QueryResult {
  public:
    MysqlQuery(const SourceOptions& source, std::string where)
        : source_(source), where_(std::move(where)) {}

    void run(std::string_view query) {
        open();
        translated([&] { set_up(); });
        deadline_ = clock_.now() + source_.timeout;
        translated([&] {
            statement_->setResultSetType(::sql::ResultSet::TYPE_FORWARD_ONLY);
            result_.reset(statement_->executeQuery(::sql::SQLString(query.data(), query.size())));
            read_columns();
        });
    }

    [[nodiscard]] const std::vector<Column>& columns() const override { return columns_; }

    bool next() override {
        bool is_there = false;
        translated([&] { is_there = result_->next(); });
        // At the end as well: MySQL lets a SLEEP that it broke off pass for one that returned.
        const bool looks = ++rows_ % kRowsBetweenLooks == 0 || !is_there;
        if (looks && clock_.now() > deadline_) fail_timeout();
        return is_there;
    }

    Value value(std::size_t column) override {
        const auto number = static_cast<std::uint32_t>(column + 1);
        Value value;
        translated([&] {
            if (result_->isNull(number)) return;
            auto& text = texts_[column];
            text = result_->getString(number);
            value = {columns_[column].type.value_or(Type::text), {text.c_str(), text.length()}};
        });
        return value;
    }

  private:
    /// Connects to the first host that answers.
    void open() {
        const auto url = MysqlUrl::parse(source_.url);
        const auto read_timeout = std::chrono::ceil<seconds>(source_.timeout) + kHangMargin;
        std::string problems;
        for (const auto& host : url.hosts) {
            const auto problem = connect_problem([&] {
                connection_ = connect(url, host,
                                      {source_.password, source_.tls_ca, kConnectTimeoutSeconds,
                                       static_cast<int>(read_timeout.count())});
            });
            if (problem.empty()) return;
            problems += fmt::format("\n  {}:{}: {}", host.name, host.port, problem);
        }
        throw UnavailableError(fmt::format("{}: the database {} cannot be reached as user {}:{}",
                                           where_, url.database, url.user, problems));
    }

    void set_up() {
        statement_.reset(connection_->createStatement());
        if (!source_.tls_ca.empty() && answer(kCipher, 2).empty())
            throw UnavailableError(where_ + ": the connection is not encrypted");
        statement_->execute(kReadOnly);
        statement_->execute(kBackslashes);
        const auto timeout = source_.timeout.count();
        if (answer(kVersion, 1).find("MariaDB") != std::string::npos)
            statement_->execute(
                fmt::format(kTimeoutOfMariadb, static_cast<double>(timeout) / 1000));
        else
            statement_->execute(fmt::format(kTimeoutOfMysql, timeout));
        statement_->execute(kBegin);
    }

    std::string answer(const char* statement, std::uint32_t column) {
        const std::unique_ptr<::sql::ResultSet> result(statement_->executeQuery(statement));
        return result->next() ? std::string(result->getString(column)) : std::string();
    }

    void read_columns() {
        auto* const facts = result_->getMetaData();
        for (std::uint32_t i = 1; i <= facts->getColumnCount(); ++i)
            columns_.push_back({facts->getColumnLabel(i), type_of(facts->getColumnType(i)),
                                facts->getColumnTypeName(i)});
        texts_.resize(columns_.size());
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

    /// Runs a call to the connector, whose exceptions become ours.
    template <class Call>
    void translated(const Call& call) const {
        try {
            enter_driver();
            call();
        } catch (const ::sql::SQLException& error) {
            fail(error);
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
        throw UnavailableError(fmt::format(
            "{}: the query took longer than {} ms: give sources.{}.timeout more, or make it faster",
            where_, source_.timeout.count(), source_.name));
    }

    const SourceOptions source_;
    const std::string where_;
    SystemClock clock_;
    BootTime deadline_{};
    std::unique_ptr<::sql::Connection> connection_;
    std::unique_ptr<::sql::Statement> statement_;
    std::unique_ptr<::sql::ResultSet> result_;
    std::vector<Column> columns_;
    std::vector<::sql::SQLString> texts_;
    std::uint64_t rows_ = 0;
};

}  // namespace

std::unique_ptr<QueryResult> open_query(const SourceOptions& source, std::string_view query,
                                        const std::string& where) {
    auto result = std::make_unique<MysqlQuery>(source, where);
    result->run(query);
    return result;
}

}  // namespace dispatcher::mysql
