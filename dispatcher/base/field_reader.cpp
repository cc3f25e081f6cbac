#include "base/field_reader.h"

namespace dispatcher {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

int FieldReader::number(std::size_t digits, int most) {
    int value = 0;
    is_good_ = is_good_ && rest_.size() >= digits;
    for (std::size_t i = 0; is_good_ && i < digits; ++i) {
        is_good_ = is_digit(rest_[i]);
        value = value * 10 + (rest_[i] - '0');
    }
    is_good_ = is_good_ && value <= most;
    if (!is_good_) return 0;
    rest_.remove_prefix(digits);
    return value;
}

char FieldReader::one_of(std::string_view choices) {
    is_good_ = is_good_ && !rest_.empty() && choices.find(rest_.front()) != choices.npos;
    if (!is_good_) return '\0';
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
}

bool FieldReader::take(char c) {
    if (!is_good_ || !rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
}

int FieldReader::fraction() {
    if (!take('.')) return 0;
    int value = 0;
    int digits = 0;
    for (; !rest_.empty() && is_digit(rest_.front()); ++digits) {
        if (digits < 3) value = value * 10 + (rest_.front() - '0');
        rest_.remove_prefix(1);
    }
    is_good_ = digits > 0;
    for (; digits < 3; ++digits)
        value *= 10;
    return value;
}

std::chrono::sys_days FieldReader::date() {
    namespace chrono = std::chrono;
    const chrono::year year(number(4, 9999));
    one_of("-");
    const chrono::month month(static_cast<unsigned>(number(2, 12)));
    one_of("-");
    const chrono::day day(static_cast<unsigned>(number(2, 31)));
    is_good_ = is_good_ && chrono::year_month_day(year, month, day).ok();
    return is_good_ ? chrono::sys_days(year / month / day) : chrono::sys_days();
}

}  // namespace dispatcher
