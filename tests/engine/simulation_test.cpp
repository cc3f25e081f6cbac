#include "engine/simulation.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "support/catch.h"

namespace dispatcher {
namespace {

constexpr std::uint64_t kSeeds = 1000;

/// A number from the environment.
std::optional<std::uint64_t> wanted(const char* name) {
    const char* text = std::getenv(name);
    if (text == nullptr) return std::nullopt;
    return std::strtoull(text, nullptr, 10);
}

std::string in_words(const SimulationResult& result) {
    std::string words;
    for (std::size_t i = 0; i < std::min<std::size_t>(result.violations.size(), 10); ++i)
        words += "\n  " + result.violations[i];
    return words;
}

}  // namespace

TEST_CASE("nobody is sent to twice and nobody is lost, whatever goes wrong") {
    const auto one = wanted("SIMULATION_SEED");
    const auto first = one.value_or(1);
    const auto last = one ? *one : wanted("SIMULATION_SEEDS").value_or(kSeeds);
    FaultCounts faults;
    std::vector<std::uint64_t> recipients;
    std::uint64_t incarnations = 0;
    std::uint64_t in_doubt = 0;
    std::chrono::nanoseconds simulated{0};
    std::uint64_t failed = 0;
    for (auto seed = first; seed <= last; ++seed) {
        const auto result = Simulation(seed, Mistake::none).run();
        if (!result.violations.empty()) {
            ++failed;
            UNSCOPED_INFO("SIMULATION_SEED=" << seed << " replays this run:" << in_words(result));
            CHECK(result.violations.empty());
        }
        for (const auto& [what, times] : result.faults)
            faults[what] += times;
        recipients.push_back(result.recipients);
        incarnations += result.incarnations;
        in_doubt += result.in_doubt;
        simulated += result.simulated;
    }
    std::uint64_t all = 0;
    for (const auto n : recipients)
        all += n;
    fmt::print("{} seeds, {} failed: {} recipients, {} processes, {} in doubt, {} simulated s\n",
               last - first + 1, failed, all, incarnations, in_doubt,
               std::chrono::duration_cast<std::chrono::seconds>(simulated).count());
    for (const auto& [what, times] : faults)
        fmt::print("  {:8} x {}\n", times, what);
}

TEST_CASE("the judge sees every breach of the protocol") {
    const auto [mistake, name] = GENERATE(table<Mistake, const char*>({
        {Mistake::lease_resend, "a lease that ran out gives the claims back"},
        {Mistake::mark_after_send, "sends are marked after they were made"},
        {Mistake::release_any_claim, "a release without its claim id"},
        {Mistake::no_death_proof, "a stopped process taken for dead"},
        {Mistake::act_before_commit, "a lost COMMIT taken for committed"},
        {Mistake::unknown_as_not_sent, "silence of the gateway taken for proof"},
        {Mistake::no_reconcile, "no last look at closed chunks"},
        {Mistake::lost_commit, "a database that forgets a commit"},
        {Mistake::halt_unlocked, "a halt that does not wait for claims"},
        {Mistake::opt_outs_unread, "opt-outs not looked at"},
        {Mistake::first_uncounted, "the first recipients counted without a lock"},
        {Mistake::addresses_shifted, "addresses bound to other devices"},
    }));
    constexpr std::uint64_t kSeedsMost = 1500;
    constexpr std::uint64_t kSeedsLeast = 100;
    constexpr std::uint64_t kCaughtEnough = 5;
    std::uint64_t caught = 0;
    std::uint64_t seeds = 0;
    while (seeds < kSeedsMost && (seeds < kSeedsLeast || caught < kCaughtEnough))
        if (!Simulation(++seeds, mistake).run().violations.empty()) ++caught;
    fmt::print("caught in {} of {} seeds: {}\n", caught, seeds, name);
    CHECK(caught > 0);
}

}  // namespace dispatcher
