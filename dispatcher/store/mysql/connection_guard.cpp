#include "store/mysql/connection_guard.h"

#include <exception>

#include <cppconn/exception.h>
#include <fmt/format.h>

namespace dispatcher::mysql {

StoreError::Kind kind_of(int error_number) {
    using Kind = StoreError::Kind;
    switch (error_number) {
        case 1205:  // lock wait timeout: only the statement was rolled back
            return Kind::lock_timeout;
        case 1062:  // duplicate key
            return Kind::duplicate;
        case 1213:  // deadlock, or a conflict with another node
        case 1020:  // the row changed since the snapshot
        case 1040:  // too many connections
        case 1045:  // access denied
        case 1290:  // read-only server
        case 1836:  // read-only mode
        case 1047:  // node not ready
        case 3101:  // the group rolled it back
        case 8002:  // TiDB: FOR UPDATE cannot be retried
        case 8005:  // TiDB: write conflict
        case 9007:  // TiDB: write conflict
            return Kind::not_applied;
        case 1044:  // no access to the database
        case 1046:  // no database selected
        case 1048:  // NULL where there is none
        case 1049:  // unknown database
        case 1054:  // unknown column
        case 1064:  // syntax
        case 1142:  // privilege lacking
        case 1146:  // no such table
        case 1193:  // unknown variable
        case 1264:  // number out of range
        case 1364:  // column without a default
        case 1366:  // wrong value
        case 1406:  // value too long
            return Kind::schema;
        default:
            return Kind::ambiguous;
    }
}

bool survives(int error_number) {
    switch (kind_of(error_number)) {
        case StoreError::Kind::ambiguous:
            return false;
        case StoreError::Kind::not_applied:
            // A server that may not write: the next connection may find the one that may.
            return error_number != 1290 && error_number != 1836 && error_number != 1047;
        default:
            return true;
    }
}

void guarded(bool& is_broken, const std::function<void()>& call) {
    try {
        call();
    } catch (const ::sql::SQLException& error) {
        const auto number = error.getErrorCode();
        if (!survives(number)) is_broken = true;
        throw StoreError(kind_of(number), fmt::format("the store answered {} ({}): {}", number,
                                                      error.getSQLState(), error.what()));
    }
}

std::string connect_problem(std::string_view place, const std::function<void()>& call) {
    try {
        call();
        return {};
    } catch (const ::sql::SQLException& error) {
        return fmt::format("{}: {} ({})", place, error.what(), error.getErrorCode());
    } catch (const StoreError& error) {
        return fmt::format("{}: {}", place, error.what());
    }
}

bool succeeds(const std::function<void()>& call) noexcept {
    try {
        call();
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

}  // namespace dispatcher::mysql
