#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace dispatcher {

// The quantities of YAML files and of `pushonce set`. Each reads the whole text or nothing.

/// `500ms`, `30s`, `5m`, `12h`, `1d`: a whole number and a unit.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The shortest writing of a duration that parse_duration() reads: 90s, 5m, 1d.
std::string duration_literal(std::chrono::milliseconds duration);

/// `09:00`: hours and minutes since midnight, up to 24:00.
std::optional<std::chrono::minutes> parse_time_of_day(std::string_view text);

/// `5000/s`, `100/m`, `10/h`, also with decimals: per second, > 0.
std::optional<double> parse_rate(std::string_view text);

/// `20%`, also with decimals: 0 to 1.
std::optional<double> parse_share(std::string_view text);

/// An unsigned decimal number without leading zeros (`010` might be meant as 8 or as 10).
std::optional<std::uint64_t> parse_count(std::string_view text);

/// ISO 8601 with a zone: `2027-03-01T09:00:00Z`, `2027-03-01T09:00+01:00`; seconds and their
/// thousandths may be left out.
std::optional<WallTime> parse_instant(std::string_view text);

}  // namespace dispatcher
