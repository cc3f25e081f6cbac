#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace dispatcher::mock {

/// One accepted notification, as the ledger tells it. Every text is valid UTF-8; together
/// they are shorter than 32 KiB.
struct LedgerLine {
    std::string_view token;
    std::string_view notification_id;
    std::string_view collapse_id;
    std::string_view topic;
    std::string_view push_type;
    std::string_view payload;
    std::uint64_t connection = 0;
    std::int32_t stream = 0;
};

/// The file of what was accepted: NDJSON, appended in whole lines. Lines gather in memory until
/// write(), which must come before any answer that they stand for. One thread; one process a file.
class Ledger {
  public:
    /// Opens or creates the file; an empty path keeps no ledger. A torn last line, left by a
    /// killed process and never answered for, is cut off. Throws UnavailableError if the file
    /// cannot be opened or another process keeps it.
    explicit Ledger(const std::filesystem::path& file);
    ~Ledger();
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

    /// The time that following lines bear.
    void set_time(WallTime now);
    void append(const LedgerLine& line);

    /// Hands the gathered lines to the kernel. Throws UnavailableError if that fails; then none of
    /// them is in the file, and nobody may be told that they were accepted.
    void write();

  private:
    void take_alone();
    void cut_torn_line();

    const std::filesystem::path file_;
    int fd_ = -1;
    bool regular_ = false;
    std::uint64_t size_ = 0;  // of a regular file
    std::string lines_;
    WallTime now_{};
    std::string now_text_;
};

}  // namespace dispatcher::mock
