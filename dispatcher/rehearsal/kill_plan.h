#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dispatcher {

/// One kill -9 of a dispatcher.
struct PlannedKill {
    double progress = 0;    ///< of the audience, in (0, 1)
    std::string_view step;  ///< name of the crash point, see base/crash_point.h
};

/// Where the kills of a rehearsal fall: spread over the campaign, one at random in each of its
/// equal parts, most of them at an answer of a gateway, the others at a random step of the
/// protocol soon after a start. The same seed draws the same ones.
std::vector<PlannedKill> plan_kills(std::uint64_t seed, unsigned kills);

/// What a kill happens at, for people.
std::string_view explain_step(std::string_view step);

/// Turns planned kills into CRASH_AT values as the campaign goes on. Devices that a kill may have
/// left in doubt count as done, so that what is aimed at is always still to come.
class KillAim {
  public:
    /// `wire`: how many requests can be on the wire at once.
    KillAim(std::uint64_t devices, std::uint64_t wire) : devices_(devices), wire_(wire) {}

    /// The value for the next process, which shall be killed so.
    [[nodiscard]] std::string aim(const PlannedKill& kill) const;
    /// That process was killed.
    void hit(const PlannedKill& kill);

  private:
    [[nodiscard]] std::uint64_t answers_to(const PlannedKill& kill) const;

    const std::uint64_t devices_;
    const std::uint64_t wire_;
    std::uint64_t done_ = 0;
};

/// How many requests may be on the wire at once, at most, for so many kills to find the campaign
/// still at work.
std::uint64_t wire_for_kills(std::uint64_t devices, unsigned kills);

}  // namespace dispatcher
