#include "engine/device_tokens.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/field_reader.h"
#include "base/hmac.h"

namespace dispatcher {
namespace {

/// The year 9999.
constexpr std::int64_t kMillisecondsMax = 253'402'300'799'000;

/// Seconds since 1970, read as milliseconds, are before this: 1973.
constexpr std::chrono::milliseconds kSecondsSinceEpochMax{100'000'000'000};

std::optional<std::size_t> index_of(const std::vector<std::string>& columns,
                                    std::string_view name) {
    const auto found = std::find(columns.begin(), columns.end(), name);
    if (found == columns.end()) return std::nullopt;
    return static_cast<std::size_t>(found - columns.begin());
}

std::string_view value_at(std::span<const std::string_view> values,
                          std::optional<std::size_t> column) {
    return column && *column < values.size() ? values[*column] : std::string_view();
}

/// All of `text`, which is digits only, as a number.
std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t value = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (text.empty() || text.front() == '-' || error != std::errc() || stop != end)
        return std::nullopt;
    return value;
}

}  // namespace

std::optional<WallTime> read_registration_time(std::string_view text) {
    using namespace std::chrono;
    if (const auto ms = number_of(text))
        return *ms <= kMillisecondsMax ? std::optional(WallTime(milliseconds(*ms))) : std::nullopt;
    FieldReader fields(text);
    const sys_days date = fields.date();
    fields.one_of("Tt ");
    const hours hour(fields.number(2, 23));
    fields.one_of(":");
    const minutes minute(fields.number(2, 59));
    fields.one_of(":");
    const seconds second(fields.number(2, 60));
    const milliseconds fraction(fields.fraction());
    const char zone = fields.one_of("Zz+-");
    minutes offset{0};
    if (zone == '+' || zone == '-') {
        offset = hours(fields.number(2, 23));
        fields.one_of(":");
        offset += minutes(fields.number(2, 59));
        if (zone == '-') offset = -offset;
    }
    if (!fields.is_over()) return std::nullopt;
    return WallTime(date + hour + minute + second + fraction - offset);
}

bool is_doubtful_registration_time(std::string_view text) {
    if (text.empty()) return false;
    const auto time = read_registration_time(text);
    return !time || time->time_since_epoch() < kSecondsSinceEpochMax;
}

std::string doubtful_times_sentence(std::uint64_t doubtful, std::uint64_t devices) {
    return fmt::format(
        "registered_at of {} of {} devices is neither RFC 3339 with its zone, such as "
        "2027-03-01T09:00:00Z, nor milliseconds since 1970 (in SQL: UNIX_TIMESTAMP(…) * 1000): "
        "their tokens, once called dead, stay dead",
        doubtful, devices);
}

DeviceTokens::DeviceTokens(std::string store_id, const SealedGateway& gateway,
                           const GatewayType& type, const std::vector<std::string>& columns)
    : key_(std::move(store_id)),
      target_(gateway.type + '\0' + gateway.target + '\0'),
      token_column_(index_of(columns, type.token_columns().front())),
      registered_column_(index_of(columns, "registered_at")) {}

std::string_view DeviceTokens::token_of(std::span<const std::string_view> values) const {
    return value_at(values, token_column_);
}

std::string DeviceTokens::mark_of(std::span<const std::string_view> values) const {
    const auto token = token_of(values);
    if (token.empty()) return {};
    const auto hash = hmac_sha256(key_, target_ + std::string(token));
    return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

std::optional<WallTime> DeviceTokens::registered_at(
    std::span<const std::string_view> values) const {
    return read_registration_time(value_at(values, registered_column_));
}

void for_each_known_dead(StoreSession& session, std::vector<NumberedMark>& marks,
                         const std::function<void(std::uint32_t, const DeadToken&)>& visit) {
    std::sort(marks.begin(), marks.end());
    std::vector<std::string_view> asked;
    for (const auto& [mark, number] : marks)
        if (asked.empty() || asked.back() != mark) asked.push_back(mark);
    const auto known = session.read_dead_tokens(asked);
    for (const auto& [mark, number] : marks) {
        const auto token = std::ranges::lower_bound(known, mark, {}, &DeadToken::mark);
        if (token != known.end() && token->mark == mark) visit(number, *token);
    }
}

DeadRows find_dead_rows(StoreSession& session, const DeviceTokens& tokens,
                        std::span<const std::uint32_t> rows, const RowValues& values_of) {
    DeadRows dead;
    if (rows.empty() || !session.has_dead_tokens()) return dead;
    std::vector<std::string_view> values;
    for (std::size_t begin = 0; begin < rows.size(); begin += kMarksMax) {
        std::vector<NumberedMark> marks;
        for (const auto row : rows.subspan(begin, std::min(kMarksMax, rows.size() - begin))) {
            values_of(row, values);
            if (auto mark = tokens.mark_of(values); !mark.empty())
                marks.emplace_back(std::move(mark), row);
        }
        for_each_known_dead(session, marks, [&](std::uint32_t row, const DeadToken& token) {
            values_of(row, values);
            if (token.covers(tokens.registered_at(values))) dead.emplace(row, token.reason);
        });
    }
    return dead;
}

}  // namespace dispatcher
