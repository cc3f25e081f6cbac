#pragma once

#include <memory>

#include "audience/audience.h"
#include "audience/byte_window.h"
#include "audience/row_reader.h"

namespace dispatcher {

/// Throws ConfigError if the name of the audience file tells no format that can be read.
void check_audience_name(const RowsFrom& from);

/// The reader for the format that the file's name tells; for stdin `from.format`, or what the
/// first byte looks like. Passes over a byte order mark. Throws ConfigError for what is not UTF-8
/// text, and for a CSV file without a proper header.
std::unique_ptr<RowReader> open_row_reader(const RowsFrom& from, ByteWindow& window);

}  // namespace dispatcher
