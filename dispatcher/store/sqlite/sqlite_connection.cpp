#include "store/sqlite/sqlite_connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "store/sqlite/sqlite_dialect.h"
#include "store/store_error.h"

namespace dispatcher::sqlite {
namespace {

/// Holds the writer for one call, or for longer if it is kept.
class Turn {
  public:
    explicit Turn(Writer& writer) : writer_(writer) { writer_.take(); }
    ~Turn() {
        if (!is_kept_) writer_.give_back();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    void keep() { is_kept_ = true; }

  private:
    Writer& writer_;
    bool is_kept_ = false;
};

}  // namespace

SqliteConnection::SqliteConnection(std::string path, bool create)
    : path_(std::move(path)), writer_(Writer::of(path_, create)) {}

SqliteConnection::~SqliteConnection() {
    rollback();
}

const sql::Dialect& SqliteConnection::dialect() const {
    return sqlite_dialect();
}

void SqliteConnection::begin() {
    Turn turn(*writer_);
    writer_->database().begin();
    turn.keep();
    holds_writer_ = true;
}

void SqliteConnection::commit() {
    writer_->database().commit();
    end_transaction();
}

void SqliteConnection::rollback() noexcept {
    end_transaction();
}

void SqliteConnection::end_transaction() noexcept {
    if (!holds_writer_) return;
    if (!writer_->database().rollback()) writer_->mark_broken();
    holds_writer_ = false;
    writer_->give_back();
}

void SqliteConnection::exec(std::string_view statement) {
    if (holds_writer_) return writer_->database().exec(statement);
    const Turn turn(*writer_);
    writer_->database().exec(statement);
}

void SqliteConnection::query(std::string_view statement, const sql::OnRow& on_row) {
    if (holds_writer_) return writer_->database().query(statement, on_row);
    reader().query(statement, on_row);
}

void SqliteConnection::insert_keys(const sql::KeyInsert& insert,
                                   std::span<const std::string_view> keys) {
    const auto statement =
        fmt::format("{}{}?1{}{}", insert.head, insert.before, insert.after, insert.tail);
    if (holds_writer_) return writer_->database().exec_for_each(statement, keys);
    const Turn turn(*writer_);
    writer_->database().exec_for_each(statement, keys);
}

Database& SqliteConnection::reader() {
    if (!reader_) reader_.emplace(path_, Database::Mode::read);
    return *reader_;
}

bool SqliteConnection::is_broken() const noexcept {
    return writer_->is_broken();
}

bool SqliteConnection::has_table(std::string_view name) {
    bool has = false;
    query(fmt::format("SELECT COUNT(*) FROM sqlite_master WHERE type='table' AND"
                      " name=CAST({} AS TEXT)",
                      dialect().key(name)),
          [&](const sql::Row& row) { has = row.integer(0) != 0; });
    return has;
}

sql::NamedValues SqliteConnection::server_settings() {
    sql::NamedValues values = {{"version", sqlite3_libversion()}, {"datadir", path_}};
    const Turn turn(*writer_);
    for (const auto* const name : {"journal_mode", "synchronous", "page_size"}) {
        writer_->database().query(fmt::format("PRAGMA {}", name), [&](const sql::Row& row) {
            values.emplace_back(name, std::string(row.bytes(0)));
        });
    }
    return values;
}

}  // namespace dispatcher::sqlite
