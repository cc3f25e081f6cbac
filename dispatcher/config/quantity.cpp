#include "config/quantity.h"

#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

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

/// Takes fixed fields from the front of a text.
class FieldReader {
  public:
    explicit FieldReader(std::string_view rest) : rest_(rest) {}

    bool take(char c) {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    /// Exactly `digits` digits, or -1.
    int take_number(std::size_t digits) {
        if (rest_.size() < digits) return -1;
        int value = 0;
        for (const char c : rest_.substr(0, digits)) {
            if (!is_digit(c)) return -1;
            value = value * 10 + (c - '0');
        }
        rest_.remove_prefix(digits);
        return value;
    }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }

  private:
    std::string_view rest_;
};

std::optional<std::chrono::sys_days> take_date(FieldReader& fields) {
    namespace chrono = std::chrono;
    const int year = fields.take_number(4);
    const bool has_month = fields.take('-');
    const int month = fields.take_number(2);
    const bool has_day = fields.take('-');
    const int day = fields.take_number(2);
    if (year < 1970 || month < 0 || day < 0 || !has_month || !has_day) return std::nullopt;
    const chrono::year_month_day date{chrono::year{year},
                                      chrono::month{static_cast<unsigned>(month)},
                                      chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok()) return std::nullopt;
    return chrono::sys_days{date};
}

std::optional<milliseconds> take_time(FieldReader& fields) {
    const int hours = fields.take_number(2);
    const bool has_minutes = fields.take(':');
    const int minutes = fields.take_number(2);
    if (!has_minutes || hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
    int seconds = 0;
    int thousandths = 0;
    if (fields.take(':')) {
        seconds = fields.take_number(2);
        if (seconds < 0 || seconds > 59) return std::nullopt;
        if (fields.take('.')) thousandths = fields.take_number(3);
        if (thousandths < 0) return std::nullopt;
    }
    return std::chrono::hours{hours} + std::chrono::minutes{minutes} +
           std::chrono::seconds{seconds} + milliseconds{thousandths};
}

std::optional<std::chrono::minutes> take_offset(FieldReader& fields) {
    constexpr int kOffsetHoursMax = 14;
    if (fields.take('Z')) return std::chrono::minutes{0};
    const int sign = fields.take('-') ? -1 : fields.take('+') ? 1 : 0;
    const int hours = fields.take_number(2);
    fields.take(':');
    const int minutes = fields.take_number(2);
    if (sign == 0 || hours < 0 || hours > kOffsetHoursMax || minutes < 0 || minutes > 59)
        return std::nullopt;
    return sign * (std::chrono::hours{hours} + std::chrono::minutes{minutes});
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
    const auto hours = fields.take_number(2);
    const bool has_colon = fields.take(':');
    const auto minutes = fields.take_number(2);
    if (hours < 0 || !has_colon || minutes < 0 || minutes > 59 || !fields.at_end())
        return std::nullopt;
    const std::chrono::minutes time{hours * 60 + minutes};
    return time > std::chrono::hours{24} ? std::nullopt : std::optional(time);
}

std::optional<double> parse_rate(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == text.npos) return std::nullopt;
    const auto number = parse_decimal(text.substr(0, slash));
    const auto* unit = find_unit(text.substr(slash + 1));
    if (!number || unit == nullptr || unit->name == "ms" || *number <= 0) return std::nullopt;
    return *number * 1000 / static_cast<double>(unit->milliseconds);
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
    const auto date = take_date(fields);
    if (!date || !fields.take('T')) return std::nullopt;
    const auto time = take_time(fields);
    if (!time) return std::nullopt;
    const auto offset = take_offset(fields);
    if (!offset || !fields.at_end()) return std::nullopt;
    return WallTime{date->time_since_epoch() + *time - *offset};
}

}  // namespace dispatcher
