#include "rehearsal/ledger_lines.h"

#include <filesystem>
#include <fstream>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/field_reader.h"

namespace dispatcher {
namespace {

/// "2027-03-01T09:00:03.123Z".
std::optional<WallTime> parse_time(std::string_view text) {
    using namespace std::chrono;
    FieldReader fields(text);
    const sys_days date = fields.date();
    fields.one_of("T");
    const hours hour(fields.number(2, 23));
    fields.one_of(":");
    const minutes minute(fields.number(2, 59));
    fields.one_of(":");
    const seconds second(fields.number(2, 59));
    fields.one_of(".");
    const milliseconds thousandths(fields.number(3, 999));
    fields.one_of("Z");
    if (!fields.is_over()) return std::nullopt;
    return WallTime(date + hour + minute + second + thousandths);
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
