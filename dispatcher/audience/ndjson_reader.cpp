#include "audience/ndjson_reader.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "audience/text_check.h"

namespace dispatcher {
namespace {

constexpr std::size_t kAppidPlace = 0;

}  // namespace

NdjsonReader::NdjsonReader(ByteWindow& window) : window_(window) {
    places_.emplace("appid", kAppidPlace);
    seen_in_.push_back(0);
}

bool NdjsonReader::next(Row& row) {
    row.problem.clear();
    row.ends_reading = false;
    std::string_view line;
    if (!find_line(line, row)) return false;
    if (!row.ends_reading) read_object(line, row);
    return true;
}

bool NdjsonReader::find_line(std::string_view& line, Row& row) {
    for (std::size_t searched = 0;;) {
        auto ahead = window_.unread();
        const auto rest = ahead.substr(searched);
        auto end = static_cast<const char*>(std::memchr(rest.data(), '\n', rest.size()));
        if (end == nullptr) [[unlikely]] {
            searched = ahead.size();
            if (searched <= kRowBytesMax && window_.fill()) continue;
            ahead = window_.unread();
            end = ahead.data() + ahead.size();
        }
        if (ahead.empty()) return false;
        line = ahead.substr(0, static_cast<std::size_t>(end - ahead.data()));
        window_.consume(std::min(line.size() + 1, ahead.size()));
        row.line = line_++;
        if (line.size() > kRowBytesMax) {
            row.problem = fmt::format("the line is longer than {} MiB", kRowBytesMax >> 20);
            row.ends_reading = true;
            return true;
        }
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!line.empty()) return true;
        searched = 0;
    }
}

// Nothing of a bad line stays: keys become columns only when the whole line is in order.
void NdjsonReader::read_object(std::string_view line, Row& row) {
    if (!is_valid_text(line)) {
        row.problem = "is not valid UTF-8";
        return;
    }
    if (auto problem = object_.parse(line)) {
        row.problem = std::move(*problem);
        return;
    }
    row.appid = {};
    row.values.assign(columns_.size(), {});
    new_keys_.clear();
    const auto& members = object_.members();
    order_.resize(members.size(), kAppidPlace);
    for (std::size_t i = 0; i < members.size(); ++i) {
        const auto& [key, value] = members[i];
        const auto place = find_place(key, i);
        const bool is_repeated =
            place ? seen_in_[*place] == row.line
                  : std::find(new_keys_.begin(), new_keys_.end(), key) != new_keys_.end();
        if (is_repeated)
            row.problem = fmt::format("key {} appears twice in the object", i + 1);
        else if (value.size() > kFieldBytesMax)
            row.problem =
                fmt::format("value {} is longer than {} MiB", i + 1, kFieldBytesMax >> 20);
        else if (!place && (key.empty() || columns_.size() + new_keys_.size() == kColumnsMax))
            row.problem = key.empty() ? fmt::format("key {} is empty", i + 1)
                                      : fmt::format("brings more than {} columns", kColumnsMax);
        if (!row.problem.empty()) return;
        if (!place) {
            new_keys_.push_back(key);
            row.values.push_back(value);
            continue;
        }
        seen_in_[*place] = row.line;
        order_[i] = *place;
        if (*place == kAppidPlace)
            row.appid = value;
        else
            row.values[*place - 1] = value;
    }
    add_columns();
}

std::optional<std::size_t> NdjsonReader::find_place(std::string_view key, std::size_t member) {
    const auto guess = order_[member];
    if (guess != kAppidPlace && columns_[guess - 1] == key) return guess;
    const auto found = places_.find(key);
    if (found == places_.end()) return std::nullopt;
    return found->second;
}

void NdjsonReader::add_columns() {
    for (const auto key : new_keys_) {
        columns_.emplace_back(key);
        places_.emplace(key, columns_.size());
        seen_in_.push_back(line_ - 1);
    }
}

}  // namespace dispatcher
