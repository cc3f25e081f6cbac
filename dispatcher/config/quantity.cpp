#include "config/quantity.h"

#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/field_reader.h"

namespace dispatcher {
namespace {

using std::chrono::milliseconds;

/// 300 years: no sum of two such values overflows.
constexpr std::uint64_t kMillisecondsMax = std::uint64_t{300} * 366 * 86'400'000;

struct Unit {
    std::string_view name;
    std::uint64_t milliseconds;
};
constexpr std::array kUnits = {Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000},
                               Unit{"h", 3'600'000}, Unit{"d", 86'400'000}};

const Unit* find_unit(std::string_view name) {
    for (const auto& unit : kUnits)
        if (unit.name == name) return &unit;
    return nullptr;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Digits, at most one point, a digit at both ends.
std::optional<double> parse_decimal(std::string_view text) {
    if (text.empty() || !is_digit(text.front()) || !is_digit(text.back())) return std::nullopt;
    double value = 0;
    const auto* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value, std::chars_format::fixed);
    if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
    return value;
}

milliseconds take_time(FieldReader& fields) {
    milliseconds time = std::chrono::hours{fields.number(2, 23)};
    fields.one_of(":");
    time += std::chrono::minutes{fields.number(2, 59)};
    if (!fields.take(':')) return time;
    time += std::chrono::seconds{fields.number(2, 59)};
    if (fields.take('.')) time += milliseconds{fields.number(3, 999)};
    return time;
}

std::chrono::minutes take_offset(FieldReader& fields) {
    constexpr int kOffsetHoursMax = 14;
    const char zone = fields.one_of("Z+-");
    if (zone == 'Z') return std::chrono::minutes{0};
    const std::chrono::hours hours{fields.number(2, kOffsetHoursMax)};
    fields.take(':');
    const auto offset = hours + std::chrono::minutes{fields.number(2, 59)};
    return zone == '-' ? -offset : offset;
}

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
    const auto digits = text.find_first_not_of("0123456789");
    if (digits == text.npos) return std::nullopt;
    const auto number = parse_count(text.substr(0, digits));
    const auto* unit = find_unit(text.substr(digits));
    if (!number || unit == nullptr || *number > kMillisecondsMax / unit->milliseconds)
        return std::nullopt;
    return milliseconds{static_cast<std::int64_t>(*number * unit->milliseconds)};
}

std::string duration_literal(milliseconds duration) {
    const auto count = duration.count();
    if (count % 86'400'000 == 0 && count != 0) return fmt::format("{}d", count / 86'400'000);
    if (count % 3'600'000 == 0 && count != 0) return fmt::format("{}h", count / 3'600'000);
    if (count % 60'000 == 0 && count != 0) return fmt::format("{}m", count / 60'000);
    if (count % 1000 == 0) return fmt::format("{}s", count / 1000);
    return fmt::format("{}ms", count);
}

std::optional<std::chrono::minutes> parse_time_of_day(std::string_view text) {
    FieldReader fields(text);
    const std::chrono::hours hours{fields.number(2, 24)};
    fields.one_of(":");
    const auto time = hours + std::chrono::minutes{fields.number(2, 59)};
    if (!fields.is_over() || time > std::chrono::hours{24}) return std::nullopt;
    return time;
}

std::optional<double> parse_rate(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == text.npos) return std::nullopt;
    const auto number = parse_decimal(text.substr(0, slash));
    const auto* unit = find_unit(text.substr(slash + 1));
    if (!number || unit == nullptr || unit->name == "ms" || *number <= 0) return std::nullopt;
    return *number * 1000 / static_cast<double>(unit->milliseconds);
}

std::optional<double> parse_share(std::string_view text) {
    constexpr double kWhole = 100;
    if (!text.ends_with('%')) return std::nullopt;
    const auto number = parse_decimal(text.substr(0, text.size() - 1));
    if (!number || *number < 0 || *number > kWhole) return std::nullopt;
    return *number / kWhole;
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
    if (text.size() > 1 && text.front() == '0') return std::nullopt;
    std::uint64_t value = 0;
    const auto* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    if (text.empty() || result.ec != std::errc{} || result.ptr != end) return std::nullopt;
    return value;
}

std::optional<WallTime> parse_instant(std::string_view text) {
    FieldReader fields(text);
    const auto date = fields.date();
    fields.one_of("T");
    const auto time = take_time(fields);
    const auto offset = take_offset(fields);
    if (!fields.is_over() || date < std::chrono::sys_days{}) return std::nullopt;
    return WallTime{date + time - offset};
}

}  // namespace dispatcher
