#include "store/sql/guarded_connection.h"

#include <fmt/format.h>

#include "base/invariant.h"
#include "store/store_error.h"

namespace dispatcher::sql {

GuardedConnection::GuardedConnection(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)) {}

GuardedConnection::~GuardedConnection() {
    rollback();
}

void GuardedConnection::begin() {
    invariant(!in_transaction_, "a transaction is not begun inside another");
    now_ms_.reset();
    connection_->begin();
    in_transaction_ = true;
}

void GuardedConnection::commit() {
    invariant(in_transaction_, "only an open transaction is committed");
    require_sound();
    has_failed_ = true;  // until proved otherwise, also when this throws
    connection_->commit();
    in_transaction_ = has_failed_ = false;
}

void GuardedConnection::rollback() noexcept {
    if (in_transaction_) connection_->rollback();
    in_transaction_ = has_failed_ = false;
}

void GuardedConnection::exec(const std::string& statement) {
    require_sound();
    has_failed_ = in_transaction_;
    connection_->exec(statement);
    has_failed_ = false;
}

void GuardedConnection::query(const std::string& statement, const OnRow& on_row) {
    require_sound();
    has_failed_ = in_transaction_;
    connection_->query(statement, on_row);
    has_failed_ = false;
}

void GuardedConnection::insert_keys(const KeyInsert& insert,
                                    std::span<const std::string_view> keys) {
    require_sound();
    has_failed_ = in_transaction_;
    connection_->insert_keys(insert, keys);
    has_failed_ = false;
}

std::int64_t GuardedConnection::now_ms() {
    if (!in_transaction_ || !now_ms_) {
        query(fmt::format("SELECT {}", dialect().now_ms),
              [this](const Row& row) { now_ms_ = row.integer(0); });
    }
    return now_ms_.value();
}

std::string GuardedConnection::now_text() const {
    if (in_transaction_ && now_ms_) return fmt::to_string(*now_ms_);
    return std::string(dialect().now_ms);
}

void GuardedConnection::require_sound() const {
    if (has_failed_) {
        throw StoreError(StoreError::Kind::not_applied,
                         "a statement of this transaction failed: it must be rolled back");
    }
}

}  // namespace dispatcher::sql
