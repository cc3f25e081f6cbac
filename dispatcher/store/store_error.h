#pragma once

#include <stdexcept>
#include <string>

namespace dispatcher {

/// A statement failed. What it means for the transaction it was part of:
class StoreError : public std::runtime_error {
  public:
    enum class Kind {
        not_applied,      ///< definite: rolled back or never started; may be tried again
        lock_timeout,     ///< definite, but the transaction is still open: roll back, try again
        duplicate,        ///< definite: a unique key is taken; an expected answer
        ambiguous,        ///< may have been applied, or may still be: re-execute with the same ids
        unavailable,      ///< no connection could be made: nothing was sent
        schema,           ///< tables missing or of another version, or a bug in a statement
        durability_lost,  ///< the database forgot something it had acknowledged: freeze
    };

    StoreError(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
    [[nodiscard]] Kind kind() const { return kind_; }

  private:
    Kind kind_;
};

}  // namespace dispatcher
