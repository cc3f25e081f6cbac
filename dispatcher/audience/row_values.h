#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace dispatcher {

// The column values of one row as bytes: each value as varint length and bytes, in column order.
// Empty values at the end are left out, so that one row has one form however many columns the
// audience has.

/// Bytes that put_values() will write.
std::size_t values_size(const std::vector<std::string_view>& values);

/// Writes the values at `out` and answers the place behind them.
char* put_values(char* out, const std::vector<std::string_view>& values);

/// Whether these bytes are values exactly as put_values() writes them.
bool are_values(std::string_view bytes);

/// The values in `bytes`, for which are_values() holds. Views into `bytes`.
void split_values(std::string_view bytes, std::vector<std::string_view>& values);

/// The value of one column in `bytes`, for which are_values() holds; empty if the row ends before.
std::string_view value_at(std::string_view bytes, std::size_t column);

}  // namespace dispatcher
