#pragma once

#include <memory>
#include <optional>

#include "store/sql/schema.h"
#include "store/sql/sql_session.h"
#include "store/store_error.h"

namespace dispatcher::sql {

/// Runs a whole operation, transaction and all, until it has an answer: again on the same
/// connection where it was definitely not applied, again on a new one where nobody knows (rule R).
/// So operations must be idempotent: compare-and-set, and ids drawn before. One thread at a time.
class RetryingSession {
  public:
    explicit RetryingSession(std::unique_ptr<ConnectionSource> source)
        : source_(std::move(source)) {}

    /// The session, connected; throws StoreError if that cannot be.
    SqlSession& session();
    ConnectionSource& source() { return *source_; }

    /// What `operation(SqlSession&)` answers. Throws the StoreError that was left after all tries.
    template <class Operation>
    auto run(Operation&& operation) {
        auto answer = run_unless_duplicate(operation);
        if (!answer) throw StoreError(StoreError::Kind::duplicate, "a key is taken");
        return std::move(*answer);
    }

    /// The same, or nothing if a unique key was taken.
    template <class Operation>
    auto run_unless_duplicate(Operation&& operation)
        -> std::optional<decltype(operation(std::declval<SqlSession&>()))> {
        for (int tries_left = kTries;; --tries_left) {
            try {
                return operation(session());
            } catch (const StoreError& error) {
                if (session_) session_->rollback();
                if (error.kind() == StoreError::Kind::duplicate) return std::nullopt;
                if (!may_try_again(error.kind()) || tries_left <= 1) throw;
                if (error.kind() == StoreError::Kind::ambiguous) session_.reset();
            }
        }
    }

  private:
    static constexpr int kTries = 4;
    static bool may_try_again(StoreError::Kind kind);

    std::unique_ptr<ConnectionSource> source_;
    std::unique_ptr<SqlSession> session_;
};

}  // namespace dispatcher::sql
