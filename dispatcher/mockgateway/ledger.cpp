#include "mockgateway/ledger.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/sha256.h"
#include "mockgateway/character_class.h"

namespace dispatcher::mock {
namespace {

/// Longer than any line can be: the longest token is a URL of Web Push.
constexpr std::size_t kLineBytesMax = 65'536;

[[noreturn]] void fail(const std::filesystem::path& file, std::string_view what) {
    throw UnavailableError(
        fmt::format("ledger {}: {}: {}", file.string(), what, std::strerror(errno)));
}

std::string utc_text(WallTime at) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
    const std::time_t time = seconds.time_since_epoch().count();
    std::tm parts{};
    gmtime_r(&time, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                       parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                       (at - seconds).count());
}

/// Nearly every text stands for itself in JSON.
void append_field(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    if (all_in(CharacterClass::json_plain, value))
        out += value;
    else
        append_json_escaped(out, value);
}

void append_number(std::string& out, std::string_view name, std::uint64_t value) {
    out += name;
    const fmt::format_int text(value);
    out.append(text.data(), text.size());
}

}  // namespace

Ledger::Ledger(const std::filesystem::path& file) : file_(file) {
    if (file_.empty()) return;
    fd_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd_ < 0) fail(file_, "cannot be opened");
    struct stat about {};
    if (::fstat(fd_, &about) != 0) fail(file_, "cannot be looked at");
    regular_ = S_ISREG(about.st_mode);
    if (!regular_) return;
    take_alone();
    cut_torn_line();
}

Ledger::~Ledger() {
    if (fd_ >= 0) ::close(fd_);
}

void Ledger::take_alone() {
    if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
    if (errno != EWOULDBLOCK) fail(file_, "cannot be locked");
    throw UnavailableError(
        fmt::format("ledger {}: another mock gateway is writing it", file_.string()));
}

void Ledger::cut_torn_line() {
    const auto end = ::lseek(fd_, 0, SEEK_END);
    if (end < 0) fail(file_, "cannot be read");
    size_ = static_cast<std::uint64_t>(end);
    const auto tail_bytes = std::min<std::uint64_t>(size_, kLineBytesMax);
    std::string tail(tail_bytes, '\0');
    if (::pread(fd_, tail.data(), tail_bytes, static_cast<off_t>(size_ - tail_bytes)) !=
        static_cast<ssize_t>(tail_bytes))
        fail(file_, "cannot be read");
    const auto newline = tail.rfind('\n');
    if (newline == std::string::npos && size_ > tail_bytes)
        throw UnavailableError(fmt::format("ledger {}: is no ledger", file_.string()));
    const auto torn = newline == std::string::npos ? tail_bytes : tail_bytes - newline - 1;
    if (torn == 0) return;
    size_ -= torn;
    if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0) fail(file_, "cannot be cut");
}

void Ledger::set_time(WallTime now) {
    if (now == now_) return;
    now_ = now;
    now_text_ = utc_text(now);
}

void Ledger::append(const LedgerLine& line) {
    if (fd_ < 0) return;
    append_field(lines_, R"({"token":")", line.token);
    append_field(lines_, R"(","notification_id":")", line.notification_id);
    append_field(lines_, R"(","collapse_id":")", line.collapse_id);
    append_field(lines_, R"(","topic":")", line.topic);
    append_field(lines_, R"(","push_type":")", line.push_type);
    append_field(lines_, R"(","at":")", now_text_);
    append_field(lines_, R"(","payload_sha256":")", to_hex(Sha256::of(line.payload)));
    append_number(lines_, R"(","connection":)", line.connection);
    append_number(lines_, R"(,"stream":)", static_cast<std::uint64_t>(line.stream));
    lines_ += "}\n";
}

void Ledger::write() {
    std::string_view left = lines_;
    while (!left.empty()) {
        const auto written = ::write(fd_, left.data(), left.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            const int why = errno;
            // Whole lines or none: what this batch did write stands for no answer.
            if (regular_ && ::ftruncate(fd_, static_cast<off_t>(size_)) != 0)
                fail(file_, "cannot be cut");
            errno = why;
            fail(file_, "cannot be written, so nothing more is accepted");
        }
        left.remove_prefix(static_cast<std::size_t>(written));
    }
    size_ += lines_.size();
    lines_.clear();
}

}  // namespace dispatcher::mock
