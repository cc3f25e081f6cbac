#include "mockgateway/http1_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/trimmed.h"
#include "mockgateway/character_class.h"

namespace dispatcher::mock {
namespace {

constexpr std::size_t kHeadBytesMax = 32'768;
constexpr std::size_t kChunkLineBytesMax = 256;
constexpr std::size_t kTrailerLineBytesMax = 8'192;
/// Requests that a client sends before the answers to earlier ones.
constexpr std::size_t kPipelinedBytesMax = 1 << 20;
constexpr std::size_t kNameBytesMax = 256;
constexpr std::uint64_t kBodyBytesMax = 1 << 30;
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kBlanks = " \t";

bool is_token_character(char c) {
    constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kOthers.find(c) != kOthers.npos;
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

bool is_value(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
    });
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_ignoring_case(std::string_view text, std::string_view lower_case) {
    return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                      [](char a, char b) { return lower(a) == b; });
}

std::optional<std::uint64_t> number_of(std::string_view text, int base) {
    std::uint64_t value = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || error != std::errc() || rest != text.data() + text.size() ||
        value > kBodyBytesMax)
        return std::nullopt;
    return value;
}

std::string_view reason_phrase(int status) {
    constexpr std::array<std::pair<int, std::string_view>, 16> kPhrases{
        {{200, "OK"},
         {201, "Created"},
         {202, "Accepted"},
         {204, "No Content"},
         {400, "Bad Request"},
         {401, "Unauthorized"},
         {403, "Forbidden"},
         {404, "Not Found"},
         {409, "Conflict"},
         {410, "Gone"},
         {413, "Content Too Large"},
         {422, "Unprocessable Content"},
         {429, "Too Many Requests"},
         {500, "Internal Server Error"},
         {502, "Bad Gateway"},
         {503, "Service Unavailable"}}};
    const auto* const found =
        std::find_if(kPhrases.begin(), kPhrases.end(),
                     [status](const auto& phrase) { return phrase.first == status; });
    return found == kPhrases.end() ? std::string_view() : found->second;
}

}  // namespace

Http1Protocol::Http1Protocol(const Surroundings& surroundings)
    : around_(surroundings),
      roles_memory_(surroundings.service.new_memory(surroundings.has_client_certificate)) {
    request_.set_version(1);
}

Http1Protocol::~Http1Protocol() {
    if (step_ == Step::answering) --around_.service.stats.open_streams;
}

void Http1Protocol::receive(std::string_view bytes) {
    if (end_ != End::none) return;
    input_.append(bytes);
    while (end_ == End::none && take_step()) {
    }
    input_.erase(0, std::exchange(at_, 0));
    if (step_ == Step::answering && input_.size() > kPipelinedBytesMax) end_ = End::cut;
}

/// False: more bytes are needed, an answer must be said first, or the connection is at its end.
bool Http1Protocol::take_step() {
    switch (step_) {
        case Step::head:
            return take_head();
        case Step::body:
            return take_body_bytes(Step::answering);
        case Step::chunk_size:
            return take_chunk_size();
        case Step::chunk:
            return take_body_bytes(Step::chunk_end);
        case Step::chunk_end:
            return take_chunk_end();
        case Step::trailers:
            return take_trailer();
        case Step::answering:
            return false;
    }
    return false;
}

bool Http1Protocol::take_head() {
    while (rest().starts_with(kLineEnd))
        at_ += kLineEnd.size();  // RFC 9112 §2.2: some clients end a body so
    constexpr std::string_view kHeadEnd = "\r\n\r\n";
    const auto end = rest().find(kHeadEnd);
    const bool is_whole = end != std::string_view::npos;
    // The end may have come in part: how bytes are cut decides nothing.
    const auto length_max = kHeadBytesMax + (is_whole ? 0 : kHeadEnd.size() - 1);
    if (std::min(end, rest().size()) > length_max) return complain(431);
    if (!is_whole) return false;
    auto lines = rest().substr(0, end + kLineEnd.size());  // each with its end
    at_ += end + 2 * kLineEnd.size();
    const auto next_line = [&lines] {
        const auto line = lines.substr(0, lines.find(kLineEnd));
        lines.remove_prefix(line.size() + kLineEnd.size());
        return line;
    };

    request_.clear();
    if (!take_request_line(next_line())) return false;
    while (!lines.empty())
        if (!take_field(next_line())) return complain(400);
    return choose_body();
}

bool Http1Protocol::take_request_line(std::string_view line) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == line.npos || first == last) return complain(400);
    const auto method = line.substr(0, first);
    const auto path = line.substr(first + 1, last - first - 1);
    const auto version = line.substr(last + 1);
    if (!is_token(method) || !path.starts_with('/') || path.find(' ') != path.npos ||
        !all_in(CharacterClass::printable, path))
        return complain(400);
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return complain(505);
    keep_alive_ = version == "HTTP/1.1";
    request_.take_header(":method", method);
    request_.take_header(":scheme", around_.options.cleartext ? "http" : "https");
    request_.take_header(":path", path);
    return true;
}

bool Http1Protocol::take_field(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == line.npos || colon > kNameBytesMax) return false;
    const auto name = line.substr(0, colon);
    const auto value = trimmed(line.substr(colon + 1), kBlanks);
    if (!is_token(name) || !is_value(value)) return false;
    std::array<char, kNameBytesMax> lowered{};
    std::transform(name.begin(), name.end(), lowered.begin(), lower);
    const std::string_view lower_name(lowered.data(), name.size());
    request_.take_header(lower_name == "host" ? ":authority" : lower_name, value);
    return true;
}

/// Whether, and how, a body follows; what is ambiguous is refused, as that is how requests are
/// smuggled (RFC 9112 §6.3).
bool Http1Protocol::choose_body() {
    if (request_.count(":authority") > 1 || (keep_alive_ && request_.count(":authority") == 0))
        return complain(400);
    if (equal_ignoring_case(request_.get("connection"), "close")) keep_alive_ = false;
    const auto lengths = request_.count("content-length");
    const auto codings = request_.count("transfer-encoding");
    if (lengths + codings > 1) return complain(400);
    if (lengths + codings == 0) return take_request();
    if (codings == 1) {
        if (!equal_ignoring_case(request_.get("transfer-encoding"), "chunked"))
            return complain(501);
        step_ = Step::chunk_size;
    } else {
        const auto length = number_of(request_.get("content-length"), 10);
        if (!length) return complain(400);
        body_left_ = *length;
        step_ = Step::body;
    }
    if (equal_ignoring_case(request_.get("expect"), "100-continue"))
        output_ += "HTTP/1.1 100 Continue\r\n\r\n";
    return true;
}

bool Http1Protocol::take_body_bytes(Step next) {
    const auto bytes = rest().substr(0, body_left_);
    request_.take_body(bytes);
    at_ += bytes.size();
    body_left_ -= bytes.size();
    if (body_left_ != 0) return false;
    if (next == Step::answering) return take_request();
    step_ = next;
    return true;
}

/// A line without its end; false if it is not there yet, or complained about as too long.
bool Http1Protocol::take_line(std::string_view& line, std::size_t bytes_max) {
    const auto end = rest().find(kLineEnd);
    const bool is_whole = end != std::string_view::npos;
    const auto length = is_whole ? end : rest().size() - (rest().ends_with('\r') ? 1 : 0);
    if (length > bytes_max) return complain(400);
    if (!is_whole) return false;
    line = rest().substr(0, end);
    at_ += end + kLineEnd.size();
    return true;
}

bool Http1Protocol::take_chunk_size() {
    std::string_view line;
    if (!take_line(line, kChunkLineBytesMax)) return false;
    const auto size = number_of(trimmed(line.substr(0, line.find(';')), kBlanks), 16);
    if (!size || request_.body_bytes() + *size > kBodyBytesMax) return complain(400);
    body_left_ = *size;
    step_ = *size == 0 ? Step::trailers : Step::chunk;
    return true;
}

bool Http1Protocol::take_chunk_end() {
    std::string_view line;
    if (!take_line(line, 0)) return false;
    step_ = Step::chunk_size;
    return true;
}

bool Http1Protocol::take_trailer() {
    std::string_view line;
    if (!take_line(line, kTrailerLineBytesMax)) return false;
    return !line.empty() || take_request();
}

bool Http1Protocol::take_request() {
    step_ = Step::answering;
    ++stream_;
    ++around_.service.stats.open_streams;
    verdict_ = around_.service.judge(request_, around_.connection, stream_, roles_memory_, answer_);
    carry_out();
    return true;
}

void Http1Protocol::carry_out() {
    const auto delay = around_.options.latency + verdict_.delay;
    switch (verdict_.effect) {
        case Effect::goaway_notice:
            keep_alive_ = false;
            [[fallthrough]];
        case Effect::answer:
            if (delay.count() == 0) return respond();
            return around_.delays.push(
                {around_.service.now() + delay, around_.connection, stream_});
        case Effect::stall:
            return;
        case Effect::reset:
            end_ = End::reset;
            return;
        case Effect::refuse:
        case Effect::goaway_before:
        case Effect::goaway_after:
        case Effect::close:
            end_ = End::cut;
            return;
        case Effect::garbage:
            end_ = End::garbage;
            return;
    }
}

void Http1Protocol::respond() {
    --around_.service.stats.open_streams;
    say(answer_, request_.method());
    if (!keep_alive_) end_ = End::polite;
    step_ = Step::head;
}

/// What came is no request that could be judged: the last answer of this connection.
bool Http1Protocol::complain(int status) {
    keep_alive_ = false;
    answer_.clear();
    answer_.status = status;
    say(answer_, {});
    end_ = End::polite;
    return false;
}

void Http1Protocol::say(const Answer& answer, std::string_view method) {
    const auto out = std::back_inserter(output_);
    fmt::format_to(out, "HTTP/1.1 {} {}\r\n", answer.status, reason_phrase(answer.status));
    for (const auto& [name, value] : answer.headers())
        fmt::format_to(out, "{}: {}\r\n", name, value);
    if (!answer.body.empty()) fmt::format_to(out, "content-type: {}\r\n", answer.content_type);
    if (answer.status != 204) fmt::format_to(out, "content-length: {}\r\n", answer.body.size());
    if (!keep_alive_) output_ += "connection: close\r\n";
    output_ += kLineEnd;
    if (method != "HEAD" && answer.status != 204) output_ += answer.body;
}

void Http1Protocol::take_due(std::int32_t stream) {
    if (end_ != End::none || step_ != Step::answering || stream != stream_) return;
    respond();
    receive({});  // what the client sent meanwhile
}

void Http1Protocol::fill(std::string& out, std::size_t /*limit*/) {
    out += output_;
    output_.clear();
}

}  // namespace dispatcher::mock
