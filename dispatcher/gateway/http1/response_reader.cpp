#include "gateway/http1/response_reader.h"

#include <algorithm>
#include <charconv>

namespace dispatcher::http1 {
namespace {

constexpr std::size_t kRetryAfterBytes = 64;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
    const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    return text;
}

/// The members of a comma-separated list, one after another.
std::string_view next_member(std::string_view& list) {
    const auto comma = std::min(list.find(','), list.size());
    const auto member = trim(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    return member;
}

std::optional<std::uint64_t> parse_number(std::string_view digits, int base) {
    std::uint64_t number = 0;
    const auto* end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, number, base);
    if (digits.empty() || read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    return number;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

std::string_view ResponseReader::feed(std::string_view bytes) {
    while (!bytes.empty() && stage_ != Stage::complete && stage_ != Stage::broken) {
        if (stage_ == Stage::counted_body || stage_ == Stage::endless_body ||
            stage_ == Stage::chunk_data) {
            take_body(bytes);
        } else if (take_line(bytes)) {
            act_on_line();
            line_.clear();
        }
    }
    return bytes;
}

void ResponseReader::finish() {
    if (stage_ == Stage::endless_body) stage_ = Stage::complete;
}

/// Answers whether a line is whole; it stands in line_ without its end.
bool ResponseReader::take_line(std::string_view& bytes) {
    const auto end = bytes.find('\n');
    const auto count = end == std::string_view::npos ? bytes.size() : end + 1;
    head_bytes_ += count;
    if (head_bytes_ > kHeadMax || line_.size() + count > kLineMax) {
        break_off();
        return false;
    }
    line_.append(bytes.substr(0, count));
    bytes.remove_prefix(count);
    if (end == std::string_view::npos) return false;
    line_.pop_back();
    if (line_.ends_with('\r')) line_.pop_back();
    return true;
}

void ResponseReader::act_on_line() {
    switch (stage_) {
        case Stage::status_line:
            read_status_line();
            break;
        case Stage::fields:
            line_.empty() ? end_head() : read_field();
            break;
        case Stage::chunk_size:
            read_chunk_size();
            break;
        case Stage::chunk_end:
            line_.empty() ? void(stage_ = Stage::chunk_size) : break_off();
            break;
        case Stage::trailer:
            if (line_.empty()) stage_ = Stage::complete;
            break;
        default:
            break_off();
    }
}

void ResponseReader::read_status_line() {
    const std::string_view line = line_;
    const bool is_ours = line.size() >= 12 && line.starts_with("HTTP/1.") && is_digit(line[7]) &&
                         line[8] == ' ' && is_digit(line[9]) && is_digit(line[10]) &&
                         is_digit(line[11]) && (line.size() == 12 || line[12] == ' ');
    const auto status = is_ours ? parse_number(line.substr(9, 3), 10) : std::nullopt;
    // 101 changes the protocol, for which nobody asked.
    if (!status || *status < 100 || *status == 101) {
        break_off();
        return;
    }
    has_begun_ = true;
    is_interim_ = *status < 200;
    if (!is_interim_) status_ = static_cast<unsigned>(*status);
    keeps_connection_ = line[7] != '0';
    stage_ = Stage::fields;
}

void ResponseReader::read_field() {
    const std::string_view line = line_;
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    const bool is_field = colon != std::string_view::npos && colon > 0 &&
                          name.find_first_of(" \t") == std::string_view::npos;
    if (!is_field) {
        break_off();
        return;
    }
    if (is_interim_) return;
    const auto value = trim(line.substr(colon + 1));
    if (same(name, "content-length")) {
        const auto length = parse_number(value, 10);
        if (!length || (length_ && *length_ != *length)) break_off();
        length_ = length;
    } else if (same(name, "transfer-encoding")) {
        const bool is_known = same(value, "chunked") && !is_chunked_;
        is_otherwise_coded_ |= !is_known;
        is_chunked_ |= is_known;
    } else if (same(name, "connection")) {
        read_connection(value);
    } else if (same(name, "keep-alive")) {
        read_kept_for(value);
    } else if (same(name, "retry-after")) {
        retry_after_ = value.substr(0, kRetryAfterBytes);
    }
}

void ResponseReader::read_connection(std::string_view value) {
    while (!value.empty()) {
        const auto option = next_member(value);
        if (same(option, "close")) keeps_connection_ = false;
    }
}

void ResponseReader::read_kept_for(std::string_view value) {
    constexpr std::string_view kTimeout = "timeout=";
    constexpr std::uint64_t kHour = 3600;
    while (!value.empty()) {
        const auto parameter = next_member(value);
        if (!same(parameter.substr(0, kTimeout.size()), kTimeout)) continue;
        if (const auto seconds = parse_number(parameter.substr(kTimeout.size()), 10))
            kept_for_ = std::chrono::seconds(std::min(*seconds, kHour));
    }
}

/// Which of the ways of RFC 9112 §6.3 says where the body ends.
void ResponseReader::end_head() {
    if (is_interim_) {
        stage_ = Stage::status_line;
        return;
    }
    // Both lengths at once are how responses are smuggled: believed, but never built upon.
    if (is_chunked_ && length_) keeps_connection_ = false;
    if (status_ == 204 || status_ == 304) {
        stage_ = Stage::complete;
    } else if (is_otherwise_coded_ || (!is_chunked_ && !length_)) {
        keeps_connection_ = false;
        stage_ = Stage::endless_body;
    } else if (is_chunked_) {
        stage_ = Stage::chunk_size;
    } else {
        left_ = *length_;
        stage_ = left_ == 0 ? Stage::complete : Stage::counted_body;
    }
}

void ResponseReader::read_chunk_size() {
    const auto digits = trim(std::string_view(line_).substr(0, line_.find(';')));
    const auto size = parse_number(digits, 16);
    if (!size) {
        break_off();
        return;
    }
    left_ = *size;
    stage_ = left_ == 0 ? Stage::trailer : Stage::chunk_data;
}

void ResponseReader::take_body(std::string_view& bytes) {
    const bool is_endless = stage_ == Stage::endless_body;
    const auto count = is_endless
                           ? bytes.size()
                           : static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    body_.append(bytes.substr(0, std::min(count, kBodyKept - std::min(kBodyKept, body_.size()))));
    body_bytes_ += count;
    bytes.remove_prefix(count);
    if (!is_endless) left_ -= count;
    if (body_bytes_ > kBodyMax) {
        keeps_connection_ = false;
        stage_ = Stage::complete;
    } else if (!is_endless && left_ == 0) {
        stage_ = stage_ == Stage::chunk_data ? Stage::chunk_end : Stage::complete;
    }
}

}  // namespace dispatcher::http1
