#include "gateway/http2/retry_after.h"

#include <algorithm>
#include <charconv>

namespace dispatcher::http2 {
namespace {

constexpr std::chrono::hours kRetryAfterMax{24};

std::optional<int> parse_number(std::string_view text) {
    int number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || number < 0)
        return std::nullopt;
    return number;
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`: the one form that senders may make (RFC 9110 §5.6.7).
std::optional<WallTime> parse_http_date(std::string_view text) {
    constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
    const auto day = parse_number(text.substr(5, 2));
    const auto month_at = kMonths.find(text.substr(8, 3));
    const auto year = parse_number(text.substr(12, 4));
    const auto hour = parse_number(text.substr(17, 2));
    const auto minute = parse_number(text.substr(20, 2));
    const auto second = parse_number(text.substr(23, 2));
    if (!day || !year || !hour || !minute || !second) return std::nullopt;
    if (month_at == std::string_view::npos || month_at % 3 != 0) return std::nullopt;
    const std::chrono::year_month_day date{
        std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(month_at / 3 + 1)},
        std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days{date} + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second);
}

}  // namespace

std::optional<std::chrono::milliseconds> read_retry_after(std::string_view header, WallTime now) {
    std::optional<std::chrono::milliseconds> delay;
    if (const auto seconds = parse_number(header)) {
        delay = std::chrono::seconds(*seconds);
    } else if (const auto date = parse_http_date(header)) {
        delay = std::max(*date - now, std::chrono::milliseconds(0));
    }
    if (delay) *delay = std::min<std::chrono::milliseconds>(*delay, kRetryAfterMax);
    return delay;
}

}  // namespace dispatcher::http2
