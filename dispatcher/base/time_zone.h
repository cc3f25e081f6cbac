#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace dispatcher {

/// A time zone of the machine's tz database (Debian's tzdata). Immutable; copies share.
class TimeZone {
  public:
    /// Nothing if the database has no such name; names are like Europe/Berlin or UTC.
    static std::optional<TimeZone> find(std::string_view name);

    /// The local calendar day, counted from 1970-01-01.
    [[nodiscard]] std::chrono::days day_of(WallTime time) const;
    /// When the clocks of the zone show this time of that day; `time_of_day` may be up to 24:00. A
    /// time that the day skips is the moment of the jump, of one that it has twice the first
    /// counts.
    [[nodiscard]] WallTime time_of(std::chrono::days day, std::chrono::minutes time_of_day) const;
    /// The time as a clock of the zone shows it: 2027-03-01 09:00.
    [[nodiscard]] std::string local_text(WallTime time) const;

  private:
    struct Rules;
    explicit TimeZone(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}
    std::shared_ptr<const Rules> rules_;
};

}  // namespace dispatcher
