#include "engine/device_tokens.h"

#include <algorithm>
#include <charconv>

#include "base/hmac.h"

namespace dispatcher {
namespace {

/// Marks of one question: what a session takes in one call.
constexpr std::size_t kMarksMax = 1000;
/// The year 9999.
constexpr std::int64_t kMillisecondsMax = 253'402'300'799'000;

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

/// The fields of a time are taken one behind the other; once one does not fit, none does.
class FieldReader {
  public:
    explicit FieldReader(std::string_view text) : rest_(text) {}

    /// `digits` digits whose number is not above `most`.
    int number(std::size_t digits, int most) {
        const auto value = number_of(rest_.substr(0, digits));
        is_good_ = is_good_ && rest_.size() >= digits && value && *value <= most;
        if (!is_good_) return 0;
        rest_.remove_prefix(digits);
        return static_cast<int>(*value);
    }
    /// One of these characters; answers which, or 0.
    char one_of(std::string_view choices) {
        const char c = rest_.empty() ? '\0' : rest_.front();
        is_good_ = is_good_ && c != '\0' && choices.find(c) != std::string_view::npos;
        if (!is_good_) return '\0';
        rest_.remove_prefix(1);
        return c;
    }
    /// ".5", ".123456": milliseconds of the fraction, if there is one.
    int fraction() {
        if (!is_good_ || !rest_.starts_with('.')) return 0;
        rest_.remove_prefix(1);
        const auto digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
        is_good_ = digits > 0;
        auto text = std::string(rest_.substr(0, std::min<std::size_t>(digits, 3)));
        text.resize(3, '0');
        rest_.remove_prefix(digits);
        return is_good_ ? static_cast<int>(number_of(text).value_or(0)) : 0;
    }
    [[nodiscard]] bool is_good() const { return is_good_; }
    [[nodiscard]] bool is_over() const { return is_good_ && rest_.empty(); }

  private:
    std::string_view rest_;
    bool is_good_ = true;
};

}  // namespace

std::optional<WallTime> read_registration_time(std::string_view text) {
    using namespace std::chrono;
    if (const auto ms = number_of(text))
        return *ms <= kMillisecondsMax ? std::optional(WallTime(milliseconds(*ms))) : std::nullopt;
    FieldReader fields(text);
    const int y = fields.number(4, 9999);
    fields.one_of("-");
    const int m = fields.number(2, 12);
    fields.one_of("-");
    const int d = fields.number(2, 31);
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
    const year_month_day date{year(y), month(static_cast<unsigned>(m)),
                              day(static_cast<unsigned>(d))};
    if (!fields.is_over() || !date.ok()) return std::nullopt;
    return WallTime(sys_days(date) + hour + minute + second + fraction - offset);
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

DeadRows find_dead_rows(StoreSession& session, const DeviceTokens& tokens, const ChunkData& data,
                        std::span<const std::uint32_t> rows) {
    DeadRows dead;
    if (rows.empty() || !session.has_dead_tokens()) return dead;
    std::vector<std::string_view> values;
    for (std::size_t begin = 0; begin < rows.size(); begin += kMarksMax) {
        // Several rows may have the same token.
        std::vector<std::pair<std::string, std::uint32_t>> marked;
        for (const auto row : rows.subspan(begin, std::min(kMarksMax, rows.size() - begin))) {
            data.row(row, values);
            if (auto mark = tokens.mark_of(values); !mark.empty())
                marked.emplace_back(std::move(mark), row);
        }
        std::sort(marked.begin(), marked.end());
        std::vector<std::string_view> marks;
        for (const auto& [mark, row] : marked)
            if (marks.empty() || marks.back() != mark) marks.push_back(mark);
        const auto known = session.read_dead_tokens(marks);
        for (const auto& [mark, row] : marked) {
            const auto token = std::ranges::lower_bound(known, mark, {}, &DeadToken::mark);
            if (token == known.end() || token->mark != mark) continue;
            data.row(row, values);
            const auto registered = tokens.registered_at(values);
            if (!registered || *registered <= token->died_at()) dead.emplace(row, token->reason);
        }
    }
    return dead;
}

}  // namespace dispatcher
