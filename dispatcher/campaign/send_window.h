#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace dispatcher {

/// The hours in which a campaign sends (`schedule.send_window`), by the clocks of one zone or of
/// each recipient's.
struct SendWindow {
    /// As a zone: each recipient's own, by the column `timezone`.
    static constexpr std::string_view kRecipient = "recipient";
    /// What becomes of recipients whose turn comes outside the window.
    enum class Outside : std::uint8_t { defer, skip };

    std::chrono::minutes from{0};      ///< since local midnight, < 24 h
    std::chrono::minutes to{24 * 60};  ///< ≤ 24 h; up to `from` it lies on the next day
    Outside outside = Outside::defer;
    std::string zone;  ///< of the tz database, or kRecipient

    [[nodiscard]] bool is_by_recipient() const { return zone == kRecipient; }
    bool operator==(const SendWindow&) const = default;
};

/// "09:00", as the campaign file has it.
std::string time_of_day_text(std::chrono::minutes time);

/// "09:00 to 21:00 Europe/Berlin", "09:00 to 21:00 by each recipient's clock".
std::string window_text(const SendWindow& window);

}  // namespace dispatcher
