#include "audience/csv_reader.h"

#include <algorithm>
#include <cstring>
#include <map>

#include <fmt/format.h>
#include <strings.h>

#include "audience/text_check.h"
#include "base/error.h"

namespace dispatcher {
namespace {

constexpr std::string_view kAppid = "appid";
constexpr int kEnd = -1;  // what byte_at() answers behind the last byte

const char* find(std::string_view text, char wanted) {
    return static_cast<const char*>(std::memchr(text.data(), wanted, text.size()));
}

void end_reading(Row& row) {
    row.problem = fmt::format("the row is longer than {} MiB", kRowBytesMax >> 20);
    row.ends_reading = true;
}

bool is_same_but_for_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string number_of_fields(std::size_t count) {
    if (count > kColumnsMax) return fmt::format("more than {} fields", kColumnsMax);
    return count == 1 ? "1 field" : fmt::format("{} fields", count);
}

}  // namespace

CsvReader::CsvReader(ByteWindow& window, std::string name)
    : window_(window), name_(std::move(name)) {
    read_header();
}

bool CsvReader::next(Row& row) {
    row.problem.clear();
    row.ends_reading = false;
    row.values.resize(columns_.size());
    std::string_view line;
    switch (find_line(line, row)) {
        case Line::end:
            return false;
        case Line::plain:
            split_plain(line, row);
            break;
        case Line::quoted:
            read_quoted(row);
            break;
        case Line::too_long:
            end_reading(row);
    }
    return true;
}

void CsvReader::read_header() {
    Row row;
    std::string_view line;
    switch (find_line(line, row)) {
        case Line::end:
            throw ConfigError(name_, "is empty: there is not even a header line");
        case Line::too_long:
            fail_header("the header line is too long to be one");
        case Line::quoted:
            read_fields(row);
            break;
        case Line::plain:
            text_ = line;
            text_ += ',';
            for (std::size_t begin = 0; begin < text_.size(); begin = text_.find(',', begin) + 1)
                fields_.push_back({begin, text_.find(',', begin) - begin});
    }
    if (!row.problem.empty()) fail_header(row.problem);
    std::vector<std::string_view> names;
    for (const auto& field : fields_)
        names.push_back(std::string_view(text_).substr(field.begin, field.size));
    check_header(names);
    field_count_ = names.size();
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == kAppid)
            appid_field_ = i;
        else
            columns_.emplace_back(names[i]);
    }
}

// Names are not quoted in the errors: in a file without a header they would be somebody's data.
void CsvReader::check_header(const std::vector<std::string_view>& names) const {
    if (names.size() > kColumnsMax)
        fail_header(fmt::format("has more than {} columns", kColumnsMax));
    std::map<std::string_view, std::size_t> seen;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i].empty()) fail_header(fmt::format("column {} has no name", i + 1));
        if (!is_valid_text(names[i]))
            fail_header(fmt::format("the name of column {} is not valid UTF-8", i + 1));
        if (names[i].find('\r') != std::string_view::npos)
            fail_header("lines end in a bare carriage return; save the file with LF or CRLF");
        const auto [first, is_new] = seen.emplace(names[i], i);
        if (!is_new)
            fail_header(
                fmt::format("columns {} and {} have the same name", first->second + 1, i + 1));
    }
    if (seen.contains(kAppid)) return;
    for (std::size_t i = 0; i < names.size(); ++i)
        if (is_same_but_for_case(names[i], kAppid))
            fail_header(fmt::format("column {} must be written `appid`, in lower case", i + 1));
    if (names.size() == 1 && names[0].find_first_of(";\t|") != std::string_view::npos)
        fail_header("there is no column `appid`; columns must be separated by commas");
    fail_header(fmt::format(
        "there is no column `appid` among the {} of the first line, which must name the columns",
        names.size()));
}

void CsvReader::fail_header(const std::string& problem) const {
    throw ConfigError(fmt::format("{}:{}", name_, line_ > 1 ? line_ - 1 : 1), problem);
}

CsvReader::Line CsvReader::find_line(std::string_view& line, Row& row) {
    for (std::size_t searched = 0;;) {
        auto ahead = window_.unread();
        const char* end = find(ahead.substr(searched), '\n');
        if (end == nullptr) [[unlikely]] {
            searched = ahead.size();
            if (searched <= kRowBytesMax && window_.fill()) continue;
            ahead = window_.unread();
            end = ahead.data() + ahead.size();
        }
        row.line = line_;
        line = ahead.substr(0, static_cast<std::size_t>(end - ahead.data()));
        if (find(line, '"') != nullptr) return Line::quoted;
        if (line.size() > kRowBytesMax) return Line::too_long;
        if (ahead.empty()) return Line::end;
        window_.consume(std::min(line.size() + 1, ahead.size()));
        ++line_;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!line.empty()) return Line::plain;
        searched = 0;
    }
}

void CsvReader::split_plain(std::string_view line, Row& row) const {
    const char* begin = line.data();
    const char* const end = begin + line.size();
    std::size_t field = 0;
    for (;; ++field) {
        const auto rest = static_cast<std::size_t>(end - begin);
        const char* comma = static_cast<const char*>(std::memchr(begin, ',', rest));
        const char* field_end = comma != nullptr ? comma : end;
        store(field, {begin, static_cast<std::size_t>(field_end - begin)}, row);
        if (comma == nullptr) break;
        begin = comma + 1;
    }
    check_row(field + 1, line, row);
}

void CsvReader::read_quoted(Row& row) {
    read_fields(row);
    if (!row.problem.empty()) return;
    for (std::size_t i = 0; i < fields_.size(); ++i)
        store(i, std::string_view(text_).substr(fields_[i].begin, fields_[i].size), row);
    check_row(fields_.size(), text_, row);
}

// One field after the other until a line end that is not inside quotes. Where the form is broken
// the rest of that line is passed over, so that the next row is read from its beginning.
void CsvReader::read_fields(Row& row) {
    text_.clear();
    fields_.clear();
    std::size_t at = 0;
    for (;;) {
        const auto begin = text_.size();
        at = byte_at(at) == '"' ? read_quoted_field(at + 1, row) : read_plain_field(at, row);
        if (!row.problem.empty()) {
            if (!row.ends_reading) at = pass_line(at, row);
            break;
        }
        if (fields_.size() <= kColumnsMax) fields_.push_back({begin, text_.size() - begin});
        text_ += ',';
        if (byte_at(at) != ',') {
            at = pass_line(at, row);
            break;
        }
        if (++at > kRowBytesMax) {
            end_reading(row);
            break;
        }
    }
    const auto consumed = window_.unread().substr(0, at);
    line_ += static_cast<std::uint64_t>(std::count(consumed.begin(), consumed.end(), '\n'));
    if (!consumed.ends_with('\n')) ++line_;
    window_.consume(consumed.size());
}

std::size_t CsvReader::read_plain_field(std::size_t at, Row& row) {
    for (;; ++at) {
        const int byte = byte_at(at);
        if (byte == ',' || byte == '\n' || byte == kEnd) return at;
        if (byte == '\r' && (byte_at(at + 1) == '\n' || byte_at(at + 1) == kEnd)) return at;
        if (byte == '"') {
            row.problem = fmt::format(
                "field {} has a quote in its middle: put the field in quotes and double the quote",
                fields_.size() + 1);
            return at;
        }
        if (at > kRowBytesMax) {
            end_reading(row);
            return at;
        }
        text_ += static_cast<char>(byte);
    }
}

std::size_t CsvReader::read_quoted_field(std::size_t at, Row& row) {
    const auto begin = at;
    const auto text_begin = text_.size();
    for (;;) {
        const auto ahead = window_.unread().substr(at);
        const char* quote = find(ahead, '"');
        const auto plain =
            quote != nullptr ? static_cast<std::size_t>(quote - ahead.data()) : ahead.size();
        text_.append(ahead.substr(0, plain));
        at += plain;
        const bool is_too_long = text_.size() - text_begin > kFieldBytesMax;
        if (quote == nullptr && !is_too_long && window_.fill()) continue;
        if (quote == nullptr || is_too_long) {
            row.problem = fmt::format(
                "the quoted field {} that begins in line {} {}; its closing "
                "quote seems to be missing",
                fields_.size() + 1, line_of(begin),
                is_too_long ? "is longer than 1 MiB" : "does not end");
            row.ends_reading = true;
            return at;
        }
        if (byte_at(at + 1) != '"') break;
        text_ += '"';
        at += 2;
    }
    const int next = byte_at(++at);
    const bool is_line_end =
        next == '\n' || next == kEnd || (next == '\r' && byte_at(at + 1) == '\n');
    if (next != ',' && !is_line_end)
        row.problem = fmt::format("field {} has text behind its closing quote", fields_.size() + 1);
    return at;
}

std::uint64_t CsvReader::line_of(std::size_t at) const {
    const auto before = window_.unread().substr(0, at);
    return line_ + static_cast<std::uint64_t>(std::count(before.begin(), before.end(), '\n'));
}

int CsvReader::byte_at(std::size_t at) {
    while (at >= window_.unread().size())
        if (!window_.fill()) return kEnd;
    return static_cast<unsigned char>(window_.unread()[at]);
}

std::size_t CsvReader::pass_line(std::size_t at, Row& row) {
    for (; at <= kRowBytesMax; ++at) {
        const int byte = byte_at(at);
        if (byte == kEnd) return at;
        if (byte == '\n') return at + 1;
    }
    end_reading(row);
    return at;
}

void CsvReader::store(std::size_t field, std::string_view value, Row& row) const {
    if (value.size() > kFieldBytesMax) [[unlikely]]
        row.problem =
            fmt::format("field {} is longer than {} MiB", field + 1, kFieldBytesMax >> 20);
    if (field == appid_field_)
        row.appid = value;
    else if (field < field_count_)
        row.values[field - (field > appid_field_ ? 1 : 0)] = value;
}

// A whole row's text is looked at in one go: a comma cannot be part of a longer UTF-8 sequence.
void CsvReader::check_row(std::size_t fields, std::string_view text, Row& row) const {
    if (fields != field_count_) [[unlikely]] {
        row.problem =
            fmt::format("has {}, the header has {}", number_of_fields(fields), field_count_);
        return;
    }
    if (is_valid_text(text)) [[likely]]
        return;
    row.problem = "appid is not valid UTF-8";
    for (std::size_t i = 0; i < row.values.size(); ++i)
        if (!is_valid_text(row.values[i]))
            row.problem = fmt::format("the value of column `{}` is not valid UTF-8", columns_[i]);
}

}  // namespace dispatcher
