#include "rehearsal/kill_plan.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace dispatcher {
namespace {

struct Step {
    std::string_view name;
    std::string_view text;
    bool after_a_death;  ///< is passed only if the process before was killed
};

/// Counted over the whole process: where the time of a campaign goes.
constexpr std::string_view kAnswer = "CP13";
/// Each is passed soon after every start that has something left to send.
constexpr std::array kSteps = {
    Step{"CP03", "a lease asked for, not yet answered", false},
    Step{"CP05", "claims in the journal, not yet in the store", false},
    Step{"CP06", "in the middle of a claim's transaction", false},
    Step{"CP07", "a claim committed, the store's answer not yet read", false},
    Step{"CP09", "devices claimed, none sent", false},
    Step{"CP10", "the first request marked, not yet made", false},
    Step{"CP11", "the first request made", false},
    Step{"CP14", "answers about to be settled", false},
    Step{"CP15", "answers settled, the store's answer not yet read", false},
    Step{"CP16", "answers settled, the journal not yet told", false},
    Step{"CP22", "in the recovery of the process before", true},
    Step{"CP24", "at the end of the recovery of the process before", true},
};
/// One kill of so many falls on a step rather than on an answer.
constexpr std::uint64_t kOneStepIn = 3;

/// Splitmix64: a seed gives the same numbers everywhere.
class Draw {
  public:
    explicit Draw(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15U;
        auto mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
        return mixed ^ (mixed >> 31);
    }
    /// In [0, 1).
    double share() {
        constexpr double kTwoTo53 = 9007199254740992.0;
        return static_cast<double>(next() >> 11) / kTwoTo53;
    }

  private:
    std::uint64_t state_;
};

}  // namespace

std::vector<PlannedKill> plan_kills(std::uint64_t seed, unsigned kills) {
    Draw draw(seed);
    std::vector<PlannedKill> planned;
    for (unsigned i = 0; i < kills; ++i) {
        PlannedKill kill;
        kill.progress = (static_cast<double>(i) + draw.share()) / (static_cast<double>(kills) + 1);
        kill.step = kAnswer;
        if (draw.next() % kOneStepIn == 0) {
            const auto& step = kSteps[draw.next() % kSteps.size()];
            if (i > 0 || !step.after_a_death) kill.step = step.name;
        }
        planned.push_back(kill);
    }
    return planned;
}

std::string_view explain_step(std::string_view step) {
    const auto* const found = std::find_if(kSteps.begin(), kSteps.end(),
                                           [&](const Step& known) { return known.name == step; });
    return found == kSteps.end() ? "an answer received" : found->text;
}

std::uint64_t KillAim::answers_to(const PlannedKill& kill) const {
    const auto wanted =
        static_cast<std::uint64_t>(kill.progress * static_cast<double>(devices_)) + 1;
    return wanted > done_ ? wanted - done_ : 1;
}

std::string KillAim::aim(const PlannedKill& kill) const {
    if (kill.step != kAnswer) return fmt::format("{}:1", kill.step);
    return fmt::format("{}:{}", kAnswer, answers_to(kill));
}

void KillAim::hit(const PlannedKill& kill) {
    if (kill.step == kAnswer) done_ += answers_to(kill);
    done_ += wire_;
}

std::uint64_t wire_for_kills(std::uint64_t devices, unsigned kills) {
    return std::max<std::uint64_t>(1, devices / (2 * (std::uint64_t{kills} + 1)));
}

}  // namespace dispatcher
