#include "engine/simulated_process.h"

#include <algorithm>

#include "engine/left_claims.h"
#include "engine/reconciler.h"
#include "engine/recovery.h"
#include "engine/second_chances.h"

namespace dispatcher {
namespace {

using namespace std::chrono_literals;

constexpr auto kGatewayPatience = 20s;
constexpr auto kLook = 50ms;
constexpr auto kShortest = 20us;  ///< between two steps of a machine
constexpr auto kLongest = 1s;

bool ends_run(LaneStop stop) {
    return stop != LaneStop::none && stop != LaneStop::gateway_lost;
}

}  // namespace

/// A lane with what it owns, in the order in which it must end.
struct SimulatedProcess::Running {
    explicit Running(LaneContext made) : context(std::move(made)) {}

    std::unique_ptr<Journal> journal;
    std::unique_ptr<SimulatedSource> source;
    std::unique_ptr<AddressBinder> binder;
    LaneContext context;
    std::unique_ptr<SimulatedGateway> gateway;
    std::unique_ptr<Lane> lane;
    World::Actor* claimer = nullptr;
    World::Actor* settler = nullptr;
    int machines = 0;  ///< that have not ended
};

SimulatedProcess::SimulatedProcess(const Surroundings& around, SimulatedHost& on,
                                   const Campaign& sealed, CampaignId campaign, std::string name,
                                   std::chrono::milliseconds wall_skew)
    : host(on),
      around_(around),
      sealed_(sealed),
      campaign_(campaign),
      clock_(around.world, wall_skew),
      random_(around.world),
      store_(around.world, around.database, around.store_weather, life, around.mistake) {
    life.name = std::move(name);
}

void SimulatedProcess::start() {
    around_.world.spawn(life, [this] { run(); });
}

void SimulatedProcess::run() {
    // The locks and the connection end with the process, however it ends.
    struct Ending {
        SimulatedProcess& process;
        ~Ending() {
            process.flags_.reset();
            process.journals_.reset();
        }
    } const ending{*this};
    journals_ = std::make_unique<SimulatedJournalDirectory>(around_.world, around_.ledger, host,
                                                            life, around_.mistake);
    flags_ = std::make_unique<FlagStore>(store_, around_.scenario.options.lease);
    try {
        run_until_told();
        around_.world.trace("{} ends", life.name);
    } catch (const StoreError& error) {
        around_.world.trace("{} ends: {}", life.name, error.what());
    }
}

template <class Work>
auto SimulatedProcess::patiently(Work&& work) {
    auto& world = around_.world;
    const auto give_up_at = world.now() + around_.scenario.options.store_patience;
    for (;;) {
        try {
            return work();
        } catch (const StoreError&) {
            if (world.now() >= give_up_at) throw;
        }
        flags_->disconnect();
        world.sleep(200ms);
    }
}

void SimulatedProcess::run_until_told() {
    const auto me =
        patiently([&] { return flags_->begin_incarnation(random_, life.name, "boot", 1); });
    Recovered found;
    patiently([&] { recover_dead(*journals_, *flags_, me, found); });
    around_.world.trace("{} begins as {:x}: of {} dead, {} never sent, {} answered, {} in doubt",
                        life.name, me.value, found.incarnations, found.never_sent, found.answered,
                        found.in_doubt);
    const auto before = patiently([&] { return flags_->session().read_campaign(campaign_); });
    if (before->state == CampaignState::cancelled || before->state == CampaignState::paused)
        around_.world.trace("{} sweeps {}", life.name,
                            sweep_left_claims(*flags_, *before, me, found.dead).in_doubt);
    patiently([&] { flags_->close_incarnation(me); });
    if (includes_everybody_) {
        const Included everybody{true, true, {}};
        const auto given = SecondChancesWalk(*flags_, *before, everybody).give();
        around_.world.trace("{} gives {} second chances", life.name, given);
        if (given > 0) around_.world.count("second chances given");
    }
    for (;;) {
        const auto head = patiently([&] { return flags_->session().read_campaign(campaign_); });
        if (head->state == CampaignState::running && head->is_halted) return;
        if (head->state == CampaignState::running) {
            const auto stopped = run_lanes(*head);
            around_.world.trace("{} stops for {}", life.name, static_cast<int>(stopped));
            if (stopped == LaneStop::frozen)
                around_.world.violation(life.name + " found that the database lost a commit");
            if (stopped == LaneStop::campaign_fault || stopped == LaneStop::first_reached)
                around_.database.move_campaign(campaign_, CampaignState::running,
                                               CampaignState::paused);
            if (stopped != LaneStop::none) return;
        } else if (head->state != CampaignState::reconciling) {
            return;
        }
        if (around_.mistake == Mistake::no_reconcile) {
            around_.database.move_campaign(campaign_, CampaignState::running,
                                           CampaignState::reconciling);
            around_.database.move_campaign(campaign_, CampaignState::reconciling,
                                           CampaignState::done_with_doubt);
            return;
        }
        Reconciler reconciler(*flags_, sealed_.in_doubt, ours_);
        const auto after = patiently([&] { return reconciler.run(campaign_); });
        if (is_finished(after.state) || is_asked_) return;
    }
}

LaneStop SimulatedProcess::run_lanes(const CampaignHead& head) {
    std::vector<std::unique_ptr<Running>> lanes;
    for (std::uint16_t i = 0; i < around_.scenario.gateways; ++i)
        lanes.push_back(start_lane(head, {i}));
    for (const auto& running : lanes)
        spawn_machines(*running);
    const auto is_over = [](const auto& running) { return running->machines == 0; };
    while (!std::all_of(lanes.begin(), lanes.end(), is_over)) {
        auto reason = is_asked_ ? LaneStop::asked : LaneStop::none;
        for (const auto& running : lanes)
            if (const auto stopped = running->lane->control.stopped(); ends_run(stopped))
                reason = stopped;
        if (reason != LaneStop::none)
            for (const auto& running : lanes) {
                running->lane->control.stop(reason);
                running->gateway->wake();
            }
        around_.world.sleep(kLook);
    }
    auto stopped = LaneStop::none;
    for (const auto& running : lanes)
        stopped = std::max(stopped, running->lane->control.stopped());
    for (const auto& running : lanes)
        end_lane(*running);
    return stopped;
}

std::unique_ptr<SimulatedProcess::Running> SimulatedProcess::start_lane(const CampaignHead& head,
                                                                        GatewayNo gateway) {
    const auto& scenario = around_.scenario;
    const auto incarnation = flags_->begin_incarnation(random_, life.name, "boot", 1);
    around_.world.trace("{} has a lane {} as {:x}", life.name, gateway.value, incarnation.value);
    std::unique_ptr<SimulatedSource> source;
    std::unique_ptr<AddressBinder> binder;
    if (scenario.is_refreshed) {
        source = std::make_unique<SimulatedSource>(around_.world, around_.source_weather, life,
                                                   around_.mistake);
        const auto& columns = sealed_.audience.columns;
        binder = std::make_unique<AddressBinder>(*source, type_, columns, columns);
    }
    auto journal = journals_->create(incarnation);
    auto& journal_used = *journal;
    auto running = std::make_unique<Running>(LaneContext{head,
                                                         sealed_,
                                                         around_.database.settings(campaign_),
                                                         gateway,
                                                         sealed_.gateways[gateway.value].name,
                                                         0,
                                                         incarnation,
                                                         {},
                                                         scenario.options,
                                                         store_,
                                                         journal_used,
                                                         clock_,
                                                         random_,
                                                         observer_,
                                                         tally_,
                                                         {},
                                                         binder.get()});
    running->source = std::move(source);
    running->binder = std::move(binder);
    running->journal = std::move(journal);
    running->gateway = std::make_unique<SimulatedGateway>(
        around_.world, around_.ledger, around_.gateway_weather, life, around_.mistake,
        scenario.in_flight_max, !scenario.is_journal_synced);
    running->gateway->expects_looked_up = scenario.is_refreshed;
    running->lane =
        std::make_unique<Lane>(running->context, *running->gateway, type_, kGatewayPatience);
    ours_.push_back(incarnation);
    return running;
}

/// The lane's three threads, and the ways in which they wake each other.
void SimulatedProcess::spawn_machines(Running& r) {
    auto& world = around_.world;
    auto* const running = &r;
    const auto poke = [&world](World::Actor* actor) { World::poke(actor, world.now()); };
    r.lane->ready.on_push = [running] { running->gateway->wake(); };
    r.lane->ready.on_pop = [=] { poke(running->claimer); };
    r.lane->jobs.on_push = [=] { poke(running->settler); };
    r.lane->jobs.on_pop = [running] { running->gateway->wake(); };
    const auto rest = [&world](BootTime wake) {
        world.sleep_until_poked(std::clamp(wake, world.now() + kShortest, world.now() + kLongest));
    };
    r.machines = 3;
    r.claimer = &world.spawn(life, [=] {
        while (!running->lane->claimer.is_done())
            rest(running->lane->claimer.step());
        running->claimer = nullptr;
        running->gateway->wake();
        --running->machines;
    });
    r.settler = &world.spawn(life, [=] {
        while (!running->lane->settler.is_done()) {
            const auto wake = running->lane->settler.step();
            poke(running->claimer);
            rest(wake);
        }
        running->settler = nullptr;
        poke(running->claimer);
        running->gateway->wake();
        --running->machines;
    });
    r.gateway->waiter = &world.spawn(life, [=, this] {
        while (!running->lane->sender.is_done()) {
            running->lane->sender.step(clock_.now() + around_.scenario.options.poll);
            poke(running->claimer);
            around_.world.sleep(kShortest);
        }
        running->gateway->waiter = nullptr;
        poke(running->settler);
        --running->machines;
    });
}

void SimulatedProcess::end_lane(Running& running) {
    const auto stopped = running.lane->control.stopped();
    const bool settled = stopped != LaneStop::store_lost && stopped != LaneStop::frozen;
    running.lane.reset();
    running.gateway.reset();
    const bool is_clean = settled && running.journal->open_batches() == 0;
    running.journal.reset();
    if (!is_clean) return;
    flags_->close_incarnation(running.context.incarnation);
    journals_->retire(running.context.incarnation);
}

}  // namespace dispatcher
