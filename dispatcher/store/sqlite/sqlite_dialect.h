#pragma once

#include "store/sql/dialect.h"

namespace dispatcher::sqlite {

const sql::Dialect& sqlite_dialect();

}  // namespace dispatcher::sqlite
