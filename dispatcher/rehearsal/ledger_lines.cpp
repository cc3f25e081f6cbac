#include "rehearsal/ledger_lines.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace dispatcher {
namespace {

/// The number of `text` from `at` on, `digits` long; -1 if it is none.
int number_at(std::string_view text, std::size_t at, std::size_t digits) {
    int number = -1;
    const auto* begin = text.data() + at;
    const auto read = std::from_chars(begin, begin + digits, number);
    return read.ec == std::errc{} && read.ptr == begin + digits ? number : -1;
}

/// "2027-03-01T09:00:03.123Z".
std::optional<WallTime> parse_time(std::string_view text) {
    using namespace std::chrono;
    constexpr std::size_t kLength = 24;
    if (text.size() != kLength || text.back() != 'Z') return std::nullopt;
    const year_month_day date{year{number_at(text, 0, 4)},
                              month{static_cast<unsigned>(number_at(text, 5, 2))},
                              day{static_cast<unsigned>(number_at(text, 8, 2))}};
    if (!date.ok()) return std::nullopt;
    const auto time = hours{number_at(text, 11, 2)} + minutes{number_at(text, 14, 2)} +
                      seconds{number_at(text, 17, 2)} + milliseconds{number_at(text, 20, 3)};
    return WallTime{sys_days{date} + time};
}

std::string text_of(const nlohmann::json& line, const char* key) {
    const auto found = line.find(key);
    return found != line.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

void read_ledger(const std::string& file, const std::function<void(const AcceptedLine&)>& visit) {
    if (!std::filesystem::exists(file)) return;
    std::ifstream ledger(file, std::ios::binary);
    AcceptedLine accepted;
    for (std::string text; std::getline(ledger, text);) {
        const auto line = nlohmann::json::parse(text, nullptr, false);
        accepted = {};
        if (line.is_object()) {
            accepted.notification_id = text_of(line, "notification_id");
            accepted.token = text_of(line, "token");
            accepted.at = parse_time(text_of(line, "at"));
        }
        visit(accepted);
    }
    if (!ledger.eof()) throw UnavailableError(fmt::format("{} cannot be read", file));
}

}  // namespace dispatcher
