#pragma once

#include "store/sql/dialect.h"

namespace dispatcher::mysql {

/// MySQL 8 and later, and MariaDB.
const sql::Dialect& mysql_dialect();

}  // namespace dispatcher::mysql
