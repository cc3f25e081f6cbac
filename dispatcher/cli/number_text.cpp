#include "cli/number_text.h"

#include <array>

#include <fmt/format.h>

namespace dispatcher::cli {

std::string with_separators(std::uint64_t number) {
    const auto digits = fmt::to_string(number);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
        text += digits[i];
    }
    return text;
}

std::string count_of(std::uint64_t number, const char* noun) {
    return fmt::format("{} {}{}", with_separators(number), noun, number == 1 ? "" : "s");
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::array kUnits = {"B", "KB", "MB", "GB", "TB"};
    constexpr double kStep = 1000;
    auto size = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; size >= kStep && unit + 1 < kUnits.size(); ++unit)
        size /= kStep;
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", size, kUnits[unit]);
}

std::string duration_text(std::chrono::milliseconds duration) {
    using namespace std::chrono;
    if (duration < seconds(10))
        return fmt::format("{:.1f} s", static_cast<double>(duration.count()) / 1000.0);
    const auto whole = round<seconds>(duration);
    const auto hour = duration_cast<hours>(whole);
    const auto minute = duration_cast<minutes>(whole - hour);
    const auto second = whole - hour - minute;
    if (hour.count() > 0) return fmt::format("{} h {:02} min", hour.count(), minute.count());
    if (minute.count() > 0) return fmt::format("{} min {:02} s", minute.count(), second.count());
    return fmt::format("{} s", second.count());
}

}  // namespace dispatcher::cli
