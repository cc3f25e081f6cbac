#include "engine/simulation.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "engine/simulation_judge.h"

namespace dispatcher {
namespace {

using namespace std::chrono_literals;

constexpr ScopeId kScope{1};
constexpr auto kSupervision = 200ms;
/// A run that is not quiet so long after its last fault hangs.
constexpr auto kQuietWithin = 180s;
constexpr std::uint64_t kStepsMax = 2'000'000;

}  // namespace

Simulation::Simulation(std::uint64_t seed, Mistake mistake)
    : world_(seed),
      mistake_(mistake),
      scenario_(Scenario::draw(world_)),
      store_weather_(scenario_.store),
      gateway_weather_(scenario_.gateway),
      source_weather_(scenario_.source),
      database_(world_, std::chrono::milliseconds(world_.below(5000)), mistake),
      kills_left_(scenario_.kills),
      second_chances_left_(scenario_.second_chances) {
    for (std::uint32_t i = 0; i < scenario_.hosts; ++i) {
        hosts_.push_back(std::make_unique<SimulatedHost>(world_, scenario_.is_journal_synced));
        const auto most = static_cast<std::uint64_t>(scenario_.clock_skew_max.count());
        host_skews_.emplace_back(static_cast<std::int64_t>(world_.below(2 * most + 1)) -
                                 static_cast<std::int64_t>(most));
    }
    launch();
    for (std::uint32_t i = 0; i < scenario_.processes; ++i)
        places_.push_back({i % scenario_.hosts, i % scenario_.campaigns, nullptr, {}});
    // Every campaign has somebody who sends it.
    for (std::size_t i = scenario_.processes; i < scenario_.campaigns; ++i)
        places_.push_back({0, i, nullptr, {}});
    schedule_storm();
}

Simulation::~Simulation() {
    world_.end();
}

void Simulation::launch() {
    launched_.resize(scenario_.campaigns);
    for (std::size_t i = 0; i < launched_.size(); ++i) {
        auto& launched = launched_[i];
        launched.id = {static_cast<std::uint32_t>(i + 1)};
        launched.sealed.name = CampaignName::from_store(fmt::format("campaign-{}", i));
        launched.sealed.message.default_locale = "en";
        launched.sealed.message.locales["en"] = {};
        launched.sealed.in_doubt = scenario_.in_doubt;
        launched.sealed.audience.columns = {"token"};
        for (std::uint32_t g = 0; g < scenario_.gateways; ++g)
            launched.sealed.gateways.push_back({fmt::format("gateway-{}", g), "simulated", ""});
        for (std::uint32_t row = 0; row < scenario_.recipients; ++row)
            if (scenario_.campaigns == 1 || world_.chance(0.7))
                launched.audience.push_back(fmt::format("device-{:05}", row));
        CampaignHead head;
        head.id = launched.id;
        head.scope = kScope;
        head.state = CampaignState::running;
        head.epoch = 1;
        if (scenario_.deadline_after) head.deadline = database_.now() + *scenario_.deadline_after;
        database_.add_campaign(head, scenario_.settings);
        if (scenario_.is_refreshed) database_.expect_gone();
        add_chunks(launched);
    }
}

/// Recipients of different gateways alternate, so that the key ranges of their chunks overlap.
void Simulation::add_chunks(const Launched& launched) {
    std::vector<std::vector<std::string>> open(scenario_.gateways);
    ChunkNo next{0};
    const auto finish = [&](std::size_t gateway) {
        auto& appids = open[gateway];
        if (appids.empty()) return;
        ChunkWriter writer;
        for (const auto& appid : appids)
            writer.add(appid, {"token"});
        auto blocks = writer.finish();
        ChunkHead head;
        head.campaign = launched.id;
        head.no = next;
        head.gateway = {static_cast<std::uint16_t>(gateway)};
        head.key_lo = appids.front();
        head.key_hi = appids.back();
        head.rows = static_cast<std::uint32_t>(appids.size());
        ChunkPayload payload;
        payload.keys = std::move(blocks.keys);
        payload.data = std::move(blocks.data);
        payload.sha256 = payload.sealed_sha256 = blocks.sha256;
        database_.add_chunk(head, std::move(payload));
        ++next.value;
        appids.clear();
    };
    for (const auto& appid : launched.audience) {
        const auto gateway = world_.below(scenario_.gateways);
        open[gateway].push_back(appid);
        if (open[gateway].size() == scenario_.chunk_rows) finish(gateway);
    }
    for (std::size_t gateway = 0; gateway < open.size(); ++gateway)
        finish(gateway);
}

void Simulation::schedule(std::uint32_t times, const std::string& what,
                          std::function<bool()> event) {
    for (std::uint32_t i = 0; i < times; ++i)
        world_.at(world_.now() + world_.between(0ms, scenario_.storm), [this, what, event] {
            if (!event()) return;
            world_.trace("-- {}", what);
            world_.count(what);
        });
}

void Simulation::schedule_storm() {
    schedule(kills_left_ / 2, "kill -9 at a time", [this] { return kill_one(); });
    kills_left_ -= kills_left_ / 2;
    schedule(scenario_.stops, "SIGSTOP", [this] { return stop_one(); });
    schedule(scenario_.power_cuts, "power cut", [this] { return cut_power(); });
    schedule(scenario_.outages, "database killed", [this] { return crash_database(); });
    schedule(scenario_.gateway_outages, "gateway unreachable", [this] {
        gateway_weather_.down_until = world_.now() + world_.between(100ms, 4s);
        return true;
    });
    schedule(scenario_.pauses, "campaign paused", [this] {
        return database_.move_campaign(launched_[world_.below(launched_.size())].id,
                                       CampaignState::running, CampaignState::paused);
    });
    schedule(scenario_.halts, "store to be halted", [this] {
        halt_store();
        return true;
    });
    schedule(scenario_.opt_outs, "device opted out", [this] {
        database_.suppress(fmt::format("device-{:05}", world_.below(scenario_.recipients)));
        return true;
    });
    schedule(scenario_.settings_changes, "settings changed", [this] { return change_settings(); });
    schedule(scenario_.is_cancelled ? 1 : 0, "campaign cancelled", [this] {
        const bool is_moved = database_.move_campaign(launched_[0].id, CampaignState::running,
                                                      CampaignState::cancelled);
        if (is_moved) reopen_sisters();
        return is_moved;
    });
    schedule(second_chances_left_ / 2, "restart that includes the rejected",
             [this] { return give_second_chances(); });
    second_chances_left_ -= second_chances_left_ / 2;
    schedule(scenario_.terminations, "SIGTERM", [this] {
        auto* process = any_alive();
        if (process != nullptr) process->terminate();
        return process != nullptr;
    });
    schedule(scenario_.clock_steps, "database clock stepped", [this] {
        database_.step_clock(std::chrono::milliseconds(world_.below(20'000)) - 10s);
        return true;
    });
    world_.at(world_.now() + scenario_.storm, [this] { clear_up(); });
    world_.at(world_.now(), [this] { supervise(); });
}

/// What the cancelled campaign gave back before, those of its scope that are done had left to it.
/// The person who cancels waits for their rows' locks.
void Simulation::reopen_sisters() {
    bool is_locked = false;
    for (const auto& launched : launched_) {
        const auto state = database_.campaign(launched.id).state;
        if (state == CampaignState::done || state == CampaignState::done_with_doubt ||
            state == CampaignState::reconciling)
            is_locked |= !database_.move_campaign(launched.id, state, CampaignState::reconciling);
    }
    if (is_locked) world_.at(world_.now() + 10ms, [this] { reopen_sisters(); });
}

/// A person restarts a campaign that runs or is done, and includes what was rejected or given up.
bool Simulation::give_second_chances() {
    auto& place = places_[world_.below(places_.size())];
    const auto state = database_.campaign(launched_[place.campaign].id).state;
    if (state == CampaignState::cancelled || (is_served(place) && world_.chance(0.5))) return false;
    start_process(place).include_everybody();
    return true;
}

SimulatedProcess* Simulation::any_alive() {
    std::vector<SimulatedProcess*> alive;
    for (const auto& process : processes_)
        if (!process->is_ended()) alive.push_back(process.get());
    return alive.empty() ? nullptr : alive[world_.below(alive.size())];
}

bool Simulation::kill_one() {
    auto* process = any_alive();
    if (process != nullptr) world_.kill(process->life);
    return process != nullptr;
}

bool Simulation::stop_one() {
    auto* process = any_alive();
    if (process == nullptr || process->life.is_stopped) return false;
    process->life.is_stopped = true;
    const auto lease = scenario_.options.lease;
    world_.at(world_.now() + world_.between(lease / 4, lease * 4), [this, process] {
        world_.trace("-- SIGCONT {}", process->life.name);
        process->life.is_stopped = false;
    });
    return true;
}

bool Simulation::cut_power() {
    auto& host = *hosts_[world_.below(hosts_.size())];
    for (const auto& process : processes_)
        if (&process->host == &host && !process->is_ended()) {
            process->life.is_power_lost = true;
            world_.kill(process->life);
        }
    // After the processes are unwound.
    world_.at(world_.now(), [&host] { host.lose_power(); });
    return true;
}

bool Simulation::crash_database() {
    if (!database_.is_up()) return false;
    database_.crash();
    world_.at(world_.now() + world_.between(50ms, 4s), [this] { database_.start(); });
    return true;
}

/// Waits for the claims that are being made, as a lock does.
void Simulation::halt_store() {
    if (is_storm_over_) return;
    if (!database_.set_halted(true)) {
        world_.at(world_.now() + 1ms, [this] { halt_store(); });
        return;
    }
    world_.count("store halted");
    world_.trace("-- store halted");
}

bool Simulation::change_settings() {
    const auto id = launched_[world_.below(launched_.size())].id;
    auto settings = database_.settings(id);
    settings.retry.attempts = static_cast<std::uint16_t>(2 + world_.below(5));
    settings.rate_per_second =
        world_.chance(0.5) ? 0 : 100.0 + static_cast<double>(world_.below(1000));
    return database_.change_settings(id, settings);
}

void Simulation::clear_up() {
    world_.trace("-- the storm is over");
    is_storm_over_ = true;
    store_weather_ = {};
    gateway_weather_ = {};
    source_weather_ = {};
    gateway_weather_.latency = scenario_.gateway.latency;
    for (const auto& process : processes_)
        process->life.kill_at_tick = 0;
    database_.start();
}

void Simulation::supervise() {
    if (database_.is_halted() && (is_storm_over_ || world_.chance(0.2)))
        database_.set_halted(false);
    for (const auto& launched : launched_) {
        if (database_.campaign(launched.id).state != CampaignState::paused ||
            (!is_storm_over_ && !world_.chance(0.1)))
            continue;
        // Whoever resumes has looked at the first recipients.
        auto settings = database_.settings(launched.id);
        settings.first_count = 0;
        if (database_.change_settings(launched.id, settings))
            database_.move_campaign(launched.id, CampaignState::paused, CampaignState::running);
    }
    for (auto& place : places_) {
        if (is_served(place) || !has_work(place)) continue;
        if (place.next_start == BootTime{} && place.process != nullptr)
            place.next_start = world_.now() + restart_delay();
        if (place.next_start <= world_.now()) start_process(place);
    }
    is_quiet_ = is_quiet();
    if (is_quiet_ && second_chances_left_ > 0) {
        --second_chances_left_;
        if (give_second_chances()) world_.count("restart after the end that includes the rejected");
        is_quiet_ = false;
    }
    if (!is_quiet_) world_.at(world_.now() + kSupervision, [this] { supervise(); });
}

/// Often at once, sometimes long after the leases have run out.
std::chrono::nanoseconds Simulation::restart_delay() {
    return world_.chance(0.6) ? world_.between(0ms, 300ms)
                              : world_.between(0ms, 2 * scenario_.options.lease);
}

/// A person who sees a process hang starts another one beside it.
bool Simulation::is_served(const Place& place) {
    if (place.process == nullptr || place.process->is_ended()) return false;
    return !place.process->life.is_stopped || world_.chance(0.9);
}

/// A campaign that is not finished, leases in a cancelled one that nobody gives back, or journals
/// whose owners are dead.
bool Simulation::has_work(const Place& place) const {
    const auto& files = hosts_[place.host]->files;
    const bool has_left = std::any_of(files.begin(), files.end(),
                                      [](const auto& file) { return !file.second->is_locked; });
    const auto id = launched_[place.campaign].id;
    const auto state = database_.campaign(id).state;
    const auto chunks = state == CampaignState::cancelled ? database_.chunks_of(nullptr, id)
                                                          : std::vector<ChunkHead>{};
    const bool has_leases = std::any_of(chunks.begin(), chunks.end(), [](const auto& chunk) {
        return chunk.state == ChunkState::leased;
    });
    return has_left || has_leases || state == CampaignState::running ||
           state == CampaignState::reconciling;
}

SimulatedProcess& Simulation::start_process(Place& place) {
    place.next_start = {};
    auto name = fmt::format("process {} (host {})", processes_.size(), place.host);
    const auto& launched = launched_[place.campaign];
    const Surroundings around{world_,         database_,        ledger_,         scenario_,
                              store_weather_, gateway_weather_, source_weather_, mistake_};
    processes_.push_back(std::make_unique<SimulatedProcess>(
        around, *hosts_[place.host], launched.sealed, launched.id, name, host_skews_[place.host]));
    place.process = processes_.back().get();
    if (!is_storm_over_ && kills_left_ > 0 && world_.chance(0.7)) {
        --kills_left_;
        place.process->life.kill_at_tick = 1 + world_.below(world_.chance(0.3) ? 60 : 1500);
    }
    place.process->start();
    return *place.process;
}

bool Simulation::is_quiet() const {
    const auto is_ended = [](const auto& process) { return process->is_ended(); };
    const auto works = [this](const Place& place) { return has_work(place); };
    return is_storm_over_ && world_.pending_events() == 0 && !database_.has_open_transactions() &&
           std::all_of(processes_.begin(), processes_.end(), is_ended) &&
           std::none_of(places_.begin(), places_.end(), works);
}

bool Simulation::run_until_quiet() {
    const auto until = world_.now() + scenario_.storm + kQuietWithin;
    for (std::uint64_t step = 0; step < kStepsMax; ++step) {
        if (is_quiet_) return true;
        if (world_.now() > until || !world_.run_next()) return false;
        if (!world_.violations().empty()) return true;
    }
    return false;
}

SimulationResult Simulation::run() {
    SimulationResult result;
    if (!run_until_quiet()) world_.violation("the run does not become quiet (I12)");
    if (world_.violations().empty()) {
        const Verdicts verdicts(database_, ledger_, scenario_);
        for (const auto& launched : launched_)
            for (const auto& broken : verdicts.of_campaign(launched.id, launched.audience))
                world_.violation(broken);
        std::set<std::string> all;
        for (const auto& launched : launched_)
            all.insert(launched.audience.begin(), launched.audience.end());
        for (const auto& broken : verdicts.of_strangers(all))
            world_.violation(broken);
    }
    for (const auto& [key, row] : database_.flags())
        result.in_doubt += row.state == FlagState::in_doubt ? 1 : 0;
    result.violations = world_.violations();
    result.faults = world_.faults();
    result.incarnations = processes_.size();
    result.simulated = world_.now().time_since_epoch();
    for (const auto& launched : launched_)
        result.recipients += launched.audience.size();
    return result;
}

}  // namespace dispatcher
