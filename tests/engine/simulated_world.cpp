#include "engine/simulated_world.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

namespace dispatcher {
namespace {

using namespace std::chrono_literals;

/// Every so many ticks another actor gets its turn in the middle of what this one does.
constexpr std::uint64_t kYieldEvery = 24;
constexpr std::chrono::milliseconds kWorldBegins{1'700'000'000'000};

}  // namespace

World::World(std::uint64_t seed)
    : state_(seed), is_traced_(std::getenv("SIMULATION_TRACE") != nullptr), now_(1s) {}

World::~World() {
    end();
}

void World::end() {
    for (const auto& actor : actors_)
        actor->life.is_killed = true;
    unwind_killed();
}

/// SplitMix64: small, and the same on every machine.
std::uint64_t World::draw() {
    state_ += 0x9E3779B97F4A7C15ULL;
    auto z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

bool World::chance(double probability) {
    constexpr double kUnit = 1.0 / 9007199254740992.0;
    return static_cast<double>(draw() >> 11) * kUnit < probability;
}

std::chrono::nanoseconds World::between(std::chrono::nanoseconds least,
                                        std::chrono::nanoseconds most) {
    const auto span = static_cast<std::uint64_t>((most - least).count());
    return least + std::chrono::nanoseconds(static_cast<std::int64_t>(below(span + 1)));
}

void World::at(BootTime time, std::function<void()> event) {
    events_.emplace(time, std::move(event));
}

bool World::run_next() {
    auto* actor = next_actor();
    const bool has_event = !events_.empty();
    if (actor == nullptr && !has_event) return false;
    if (has_event && (actor == nullptr || events_.begin()->first <= actor->wake)) {
        now_ = std::max(now_, events_.begin()->first);
        const auto event = std::move(events_.begin()->second);
        events_.erase(events_.begin());
        event();
    } else {
        now_ = std::max(now_, actor->wake);
        run(*actor);
    }
    unwind_killed();
    return true;
}

World::Actor& World::spawn(ProcessLife& life, std::function<void()> body) {
    auto guarded = [this, &life, body = std::move(body)] {
        try {
            if (life.is_killed) return;
            body();
        } catch (const ProcessKilled&) {
        } catch (const std::exception& error) {
            violation(fmt::format("{} ended by an exception: {}", life.name, error.what()));
        }
    };
    auto& actor = *actors_.emplace_back(std::make_unique<Actor>(life, std::move(guarded)));
    actor.wake = now_ + between(0ns, 100us);
    return actor;
}

void World::kill(ProcessLife& life) {
    life.is_killed = true;
}

bool World::has_actors(const ProcessLife& life) const {
    return std::any_of(actors_.begin(), actors_.end(),
                       [&](const auto& actor) { return &actor->life == &life; });
}

void World::sleep_until(BootTime time) {
    auto& actor = *current_;
    if (!actor.life.is_killed) {
        actor.wake = time;
        Fiber::suspend();
    }
    if (actor.life.is_killed) throw ProcessKilled{};
}

void World::sleep_until_poked(BootTime time) {
    auto& actor = *current_;
    actor.is_pokable = true;
    sleep_until(time);
    actor.is_pokable = false;
}

void World::poke(Actor* actor, BootTime now) {
    if (actor != nullptr && actor->is_pokable) actor->wake = std::min(actor->wake, now);
}

void World::tick(ProcessLife& life) {
    if (++life.ticks == life.kill_at_tick) {
        trace("{} dies at tick {}", life.name, life.ticks);
        count("kill -9 at a step");
        life.is_killed = true;
        // Back to run_next(), which unwinds the process in the right order.
        Fiber::suspend();
    }
    if (life.is_killed) throw ProcessKilled{};
    if (below(kYieldEvery) == 0) sleep(between(0ns, 2ms));
}

void World::print(const std::string& line) const {
    const auto ms = std::chrono::duration<double, std::milli>(now_.time_since_epoch()).count();
    fmt::print(stderr, "{:12.3f} {}\n", ms, line);
}

void World::run(Actor& actor) {
    current_ = &actor;
    actor.fiber.resume();
    current_ = nullptr;
    if (actor.fiber.is_ended())
        std::erase_if(actors_, [&](const auto& one) { return one.get() == &actor; });
}

/// Unwinds what belongs to killed processes, the youngest first: it may use what its elders own.
void World::unwind_killed() {
    for (auto i = actors_.size(); i > 0; i = std::min(i - 1, actors_.size()))
        if (auto& actor = *actors_[i - 1]; actor.life.is_killed) run(actor);
}

World::Actor* World::next_actor() const {
    Actor* next = nullptr;
    for (const auto& actor : actors_)
        if (!actor->life.is_stopped && (next == nullptr || actor->wake < next->wake))
            next = actor.get();
    return next;
}

WallTime simulated_wall(BootTime now) {
    return WallTime(kWorldBegins +
                    std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()));
}

WallTime SimulatedClock::wall() {
    return simulated_wall(world_.now()) + wall_skew_;
}

}  // namespace dispatcher
