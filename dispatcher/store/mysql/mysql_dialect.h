#pragma once

#include <string_view>

#include "store/sql/dialect.h"

namespace dispatcher::mysql {

/// MySQL 8 and later, and MariaDB.
const sql::Dialect& mysql_dialect();

/// Whether every byte means itself inside quotes, in every character set and sql_mode.
bool is_plain(std::string_view bytes);

}  // namespace dispatcher::mysql
