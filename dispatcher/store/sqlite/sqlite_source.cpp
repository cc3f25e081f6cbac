#include "store/sqlite/sqlite_source.h"

#include <filesystem>

#include "store/sqlite/sqlite_connection.h"

namespace dispatcher::sqlite {

std::unique_ptr<sql::Connection> SqliteSource::connect(bool create) {
    return std::make_unique<SqliteConnection>(path_, create);
}

bool SqliteSource::exists() {
    std::error_code error;
    return std::filesystem::exists(path_, error);
}

}  // namespace dispatcher::sqlite
