#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audience/chunk_block.h"
#include "base/time_zone.h"
#include "campaign/campaign.h"
#include "store/store_session.h"

namespace dispatcher {

/// When a send window opens next for the clocks of `zone`; nothing while it is open.
std::optional<WallTime> next_opening(const SendWindow& window, const TimeZone& zone, WallTime now);

/// When each recipient of a campaign may be sent to, by the database's clock: this host's may be
/// wrong. One thread.
class WindowClock {
  public:
    /// `columns` are the sealed audience's; they outlive this.
    explicit WindowClock(const std::vector<std::string>& columns) : columns_(columns) {}

    /// Takes the window as it is now, and the database's time that was read with the head.
    void follow(const Settings& settings, const CampaignHead& head, BootTime now);

    [[nodiscard]] const std::optional<SendWindow>& window() const { return window_; }
    [[nodiscard]] bool skips() const {
        return window_ && window_->outside == SendWindow::Outside::skip;
    }

    /// When the recipient's window opens; nothing while it is open. A zone that the machine does
    /// not know counts as UTC.
    std::optional<WallTime> opens_at(const ChunkData& data, std::size_t row, BootTime now);

  private:
    /// How the window stands in one zone, until that changes.
    struct Standing {
        WallTime since{};
        WallTime until{};
        std::optional<WallTime> opens_at;
        std::optional<TimeZone> zone;
    };
    std::optional<WallTime> stand(Standing& standing, WallTime now) const;

    const std::vector<std::string>& columns_;
    std::optional<SendWindow> window_;
    std::size_t zone_column_ = 0;
    WallTime read_wall_{};
    BootTime read_at_{};
    std::map<std::string, Standing, std::less<>> standings_;
    std::vector<std::string_view> values_;
};

}  // namespace dispatcher
