#include "engine/simulation_scenario.h"

namespace dispatcher {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// Nothing, a little or a lot.
double level(World& world, double little, double lot) {
    switch (world.below(3)) {
        case 0:
            return 0;
        case 1:
            return little;
        default:
            return lot;
    }
}

std::uint32_t up_to(World& world, double probability, std::uint32_t most) {
    return world.chance(probability) ? 1 + static_cast<std::uint32_t>(world.below(most)) : 0;
}

milliseconds ms(World& world, std::uint64_t least, std::uint64_t most) {
    return milliseconds(least + world.below(most - least + 1));
}

void draw_options(World& world, Scenario& s) {
    auto& o = s.options;
    o.lease = ms(world, 1000, 3000);
    o.store_patience = ms(world, 2000, 8000);
    o.batch_rows = 2 + static_cast<std::uint32_t>(world.below(world.chance(0.5) ? 14 : 80));
    o.chunks_per_lane = 1 + static_cast<std::uint32_t>(world.below(4));
    o.ready_claims = 1 + world.below(3);
    o.settle_jobs = 1 + world.below(8);
    o.held_retries = static_cast<std::uint32_t>(world.below(20));
    o.hold_up_to = ms(world, 0, 600);
    o.settle_after = ms(world, 5, 300);
    o.poll = ms(world, 100, 500);
    s.in_flight_max = 1 + world.below(world.chance(0.5) ? 8 : 60);
    s.gateway.latency = ms(world, 2, 80);
    s.settings.retry.attempts = static_cast<std::uint16_t>(2 + world.below(5));
    s.settings.retry.first = ms(world, 10, 500);
    s.settings.retry.max = ms(world, 500, 4000);
    if (world.chance(0.15))
        s.settings.rate_per_second = 50.0 + static_cast<double>(world.below(500));
}

void draw_weather(World& world, Scenario& s) {
    s.store.deadlock = level(world, 0.002, 0.02);
    s.store.statement_lost = level(world, 0.001, 0.02);
    s.store.commit_conflict = level(world, 0.005, 0.05);
    s.store.commit_unsent = level(world, 0.005, 0.05);
    s.store.commit_unanswered = level(world, 0.01, 0.1);
    s.store.commit_orphaned = level(world, 0.01, 0.08);
    s.store.stall = level(world, 0.0005, 0.004);
    s.gateway.answer_lost = level(world, 0.01, 0.1);
    s.gateway.answer_late = level(world, 0.01, 0.1);
    s.gateway.unprocessed = level(world, 0.01, 0.1);
    s.gateway.refused = level(world, 0.02, 0.2);
    s.gateway.not_sent = level(world, 0.02, 0.2);
    s.gateway.crowded = s.gateway.not_sent * 3;
    s.gateway.rejected = level(world, 0.01, 0.05);
    s.gateway.connection_lost = level(world, 0.0005, 0.005);
}

}  // namespace

Scenario Scenario::draw(World& world) {
    Scenario s;
    s.recipients = 20 + static_cast<std::uint32_t>(world.below(world.chance(0.5) ? 100 : 1000));
    s.chunk_rows = s.recipients / (2 + static_cast<std::uint32_t>(world.below(20))) + 1;
    s.gateways = world.chance(0.3) ? 2 : 1;
    s.campaigns = world.chance(0.2) ? 2 : 1;
    s.hosts = 1 + static_cast<std::uint32_t>(world.below(2));
    s.processes = s.hosts + static_cast<std::uint32_t>(world.below(2));
    s.is_journal_synced = world.chance(0.3);
    if (world.chance(0.1)) s.in_doubt = InDoubtPolicy::assume_delivered;
    if (world.chance(0.1)) s.in_doubt = InDoubtPolicy::resend;
    if (world.chance(0.1)) s.deadline_after = ms(world, 200, 6000);
    if (world.chance(0.05)) s.deadline_after = 10min;
    draw_options(world, s);
    draw_weather(world, s);
    s.storm = ms(world, 300, 6000);
    s.kills = up_to(world, 0.75, 6);
    s.stops = up_to(world, 0.5, 4);
    s.power_cuts = up_to(world, 0.15, 2);
    s.outages = up_to(world, 0.25, 2);
    s.gateway_outages = up_to(world, 0.2, 2);
    s.pauses = up_to(world, 0.2, 2);
    s.terminations = up_to(world, 0.2, 2);
    s.clock_steps = up_to(world, 0.1, 2);
    s.is_cancelled = world.chance(s.campaigns > 1 ? 0.3 : 0.04);
    s.second_chances = up_to(world, 0.3, 3);
    s.clock_skew_max = ms(world, 0, 3000);
    // A host whose clock is so wrong that it would call the campaign expired.
    if (s.deadline_after == 10min && world.chance(0.5)) s.clock_skew_max = 20min;
    s.halts = up_to(world, 0.2, 2);
    s.opt_outs = up_to(world, 0.4, s.recipients / 4);
    s.settings_changes = up_to(world, 0.15, 3);
    if (world.chance(0.1))
        s.settings.first_count = 1 + static_cast<std::uint32_t>(world.below(s.recipients));
    s.is_refreshed = world.chance(0.25);
    if (s.is_refreshed) {
        s.source.away = level(world, 0.02, 0.2);
        s.source.latency =
            ms(world, 1, world.chance(0.2) ? 4000 : 60);  // now and then past a lease
    }
    return s;
}

}  // namespace dispatcher
