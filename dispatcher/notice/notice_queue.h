#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "notice/notice_receiver.h"

namespace dispatcher {

/// How notices are made and repeated.
struct NoticeTerms {
    std::size_t devices_max = 500;            ///< of one notice
    std::size_t waiting_max = 10'000;         ///< devices that are kept in memory
    std::chrono::milliseconds collect{1000};  ///< so long is waited for more of them
    std::uint32_t attempts = 5;
    std::chrono::milliseconds first_delay{500};  ///< before the second attempt; then doubled
};

/// Puts dead devices together to notices, one to be posted at a time, in the order in which they
/// came, and counts those that could not be told. Pure; one thread.
class NoticeQueue {
  public:
    explicit NoticeQueue(std::string campaign, const NoticeTerms& terms = {})
        : campaign_(std::move(campaign)), terms_(terms) {}

    /// What is too much to be kept counts as untold.
    void add(const std::string& gateway, std::vector<DeadDevice> devices, BootTime now);
    /// Nothing is collected any more: what is there is due.
    void finish() { is_finishing_ = true; }

    /// The notice to post now, or null. It stays the next one until answered().
    const Notice* due(BootTime now);
    /// When due() may answer with one; the end of time where nothing waits.
    [[nodiscard]] BootTime due_at() const;
    void answered(const NoticeAnswer& answer, BootTime now);
    /// Gives up all that waits.
    void give_up();

    [[nodiscard]] bool is_empty() const { return waiting_ == 0; }
    [[nodiscard]] std::uint64_t told() const { return told_; }
    [[nodiscard]] std::uint64_t untold() const { return untold_; }
    /// Why the last one was not told; "" where none is known.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

  private:
    struct Collected {
        std::vector<DeadDevice> devices;
        BootTime since{};  ///< the eldest came
    };
    [[nodiscard]] BootTime ready_at(const Collected& collected) const;
    void take(const std::string& gateway, Collected& collected);

    const std::string campaign_;
    const NoticeTerms terms_;
    std::map<std::string, Collected> collected_;  ///< by gateway; none is empty
    std::optional<Notice> next_;
    BootTime next_at_{};
    std::uint32_t attempts_ = 0;  ///< of the next one
    std::size_t waiting_ = 0;     ///< devices, with those of the next one
    bool is_finishing_ = false;
    std::uint64_t told_ = 0;
    std::uint64_t untold_ = 0;
    std::string trouble_;
};

}  // namespace dispatcher
