#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/random.h"
#include "engine/fiber.h"

namespace dispatcher {

/// Thrown into the code of a simulated process when it is killed.
struct ProcessKilled {};

/// Whether a simulated process still lives, and when it shall die.
struct ProcessLife {
    std::string name;
    bool is_killed = false;
    bool is_stopped = false;         ///< by SIGSTOP: none of its code runs
    bool is_power_lost = false;      ///< killed with its host: nothing more leaves it
    std::uint64_t ticks = 0;         ///< calls into the simulated world so far
    std::uint64_t kill_at_tick = 0;  ///< 0: not by count
};

/// How often each thing went wrong, for the summary of a suite.
using FaultCounts = std::map<std::string, std::uint64_t>;

/// Time, chance and order of a simulation: one thread, one seed, one run. Code of simulated
/// processes runs in actors (fibers) that sleep in simulated time; events run between them.
class World {
  public:
    explicit World(std::uint64_t seed);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // -- chance -----------------------------------------------------------------------------
    std::uint64_t draw();
    std::uint64_t below(std::uint64_t bound) { return draw() % bound; }
    bool chance(double probability);
    std::chrono::nanoseconds between(std::chrono::nanoseconds least, std::chrono::nanoseconds most);

    // -- time -------------------------------------------------------------------------------
    [[nodiscard]] BootTime now() const { return now_; }
    /// Runs `event` at that time; not from within an actor.
    void at(BootTime time, std::function<void()> event);
    /// Runs the next event or actor; false if there is none.
    bool run_next();
    [[nodiscard]] std::size_t pending_events() const { return events_.size(); }

    // -- actors -----------------------------------------------------------------------------
    class Actor;
    /// Starts `body` of the process `life`, which outlives the world's actors. An exception other
    /// than ProcessKilled that leaves it is kept in `failures`.
    Actor& spawn(ProcessLife& life, std::function<void()> body);
    /// Kills the process at once: its actors are unwound, the youngest first.
    void kill(ProcessLife& life);
    /// Kills every process.
    void end();
    [[nodiscard]] bool has_actors(const ProcessLife& life) const;
    /// In an actor: sleeps. Throws ProcessKilled if its process died meanwhile.
    void sleep_until(BootTime time);
    void sleep(std::chrono::nanoseconds duration) { sleep_until(now_ + duration); }
    /// The same, but poke() ends the sleep.
    void sleep_until_poked(BootTime time);
    static void poke(Actor* actor, BootTime now);
    [[nodiscard]] Actor* current() const { return current_; }
    /// In an actor: a place at which its process may die or other actors may run.
    void tick(ProcessLife& life);

    // -- notes ------------------------------------------------------------------------------
    void count(const std::string& fault) { ++faults_[fault]; }
    [[nodiscard]] const FaultCounts& faults() const { return faults_; }
    template <class... Args>
    void trace(fmt::format_string<Args...> format, Args&&... args) {
        if (is_traced_) print(fmt::format(format, std::forward<Args>(args)...));
    }
    /// What must not happen: the run has failed.
    void violation(std::string what) {
        trace("VIOLATION {}", what);
        violations_.push_back(std::move(what));
    }
    [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }

  private:
    void print(const std::string& line) const;
    void run(Actor& actor);
    void unwind_killed();
    Actor* next_actor() const;

    std::uint64_t state_;
    const bool is_traced_;
    BootTime now_{};
    std::multimap<BootTime, std::function<void()>> events_;
    std::vector<std::unique_ptr<Actor>> actors_;
    Actor* current_ = nullptr;
    FaultCounts faults_;
    std::vector<std::string> violations_;
};

/// A fiber of a process, with the time at which it wants to go on.
class World::Actor {
  public:
    Actor(ProcessLife& owner, std::function<void()> body) : life(owner), fiber(std::move(body)) {}

    ProcessLife& life;
    Fiber fiber;
    BootTime wake{};
    bool is_pokable = false;
};

/// The world's time as a process sees it: `wall_skew` is the error of its host's clock.
class SimulatedClock final : public Clock {
  public:
    SimulatedClock(World& world, std::chrono::milliseconds wall_skew)
        : world_(world), wall_skew_(wall_skew) {}
    BootTime now() override { return world_.now(); }
    WallTime wall() override;

  private:
    World& world_;
    const std::chrono::milliseconds wall_skew_;
};

class SimulatedRandom final : public Random {
  public:
    explicit SimulatedRandom(World& world) : world_(world) {}
    std::uint64_t next() override { return world_.draw(); }

  private:
    World& world_;
};

/// Wall time of the world's time.
WallTime simulated_wall(BootTime now);

}  // namespace dispatcher
