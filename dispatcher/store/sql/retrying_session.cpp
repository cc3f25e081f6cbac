#include "store/sql/retrying_session.h"

namespace dispatcher::sql {

SqlSession& RetryingSession::session() {
    if (session_ && session_->connection().is_broken()) session_.reset();
    if (!session_) {
        auto connection = source_->connect(/*create=*/false);
        require_schema(*connection);
        session_ = std::make_unique<SqlSession>(std::move(connection));
    }
    return *session_;
}

bool RetryingSession::may_try_again(StoreError::Kind kind) {
    return kind == StoreError::Kind::not_applied || kind == StoreError::Kind::lock_timeout ||
           kind == StoreError::Kind::ambiguous;
}

}  // namespace dispatcher::sql
