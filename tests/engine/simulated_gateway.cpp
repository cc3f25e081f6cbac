#include "engine/simulated_gateway.h"

#include <algorithm>
#include <array>

#include "engine/simulated_source.h"

namespace dispatcher {
namespace {

using namespace std::chrono_literals;

constexpr auto kTimeout = 1500ms;
constexpr auto kLateAtMost = 3s;

constexpr std::array kSilences{Reason::connection_lost, Reason::stream_reset,
                               Reason::goaway_unanswered, Reason::server_error, Reason::bad_answer};

}  // namespace

Ledger::Entry Ledger::of(const std::string& appid) const {
    const auto found = entries_.find(appid);
    return found == entries_.end() ? Entry{} : found->second;
}

Ledger::Entry& Ledger::entry(std::string_view appid) {
    const auto found = entries_.find(appid);
    return found == entries_.end() ? entries_[std::string(appid)] : found->second;
}

SimulatedGateway::SimulatedGateway(World& world, Ledger& ledger, const GatewayWeather& weather,
                                   ProcessLife& life, Mistake mistake, std::size_t in_flight_max,
                                   bool may_write_early)
    : world_(world),
      ledger_(ledger),
      weather_(weather),
      life_(life),
      mistake_(mistake),
      in_flight_max_(in_flight_max),
      may_write_early_(may_write_early) {}

/// The kernel sends what it was given, although its process is dead; not so after a power cut.
SimulatedGateway::~SimulatedGateway() {
    if (!may_write_early_ || !life_.is_killed || life_.is_power_lost) return;
    for (const auto& request : unflushed_)
        if (world_.chance(0.5)) accept(request);
}

bool SimulatedGateway::has_room_for(const Notification&) {
    return weather_.crowded == 0 || !world_.chance(weather_.crowded);
}

std::size_t SimulatedGateway::capacity() const {
    const auto used = in_flight_.size() + unflushed_.size();
    return is_down() || used >= in_flight_max_ ? 0 : in_flight_max_ - used;
}

void SimulatedGateway::submit(Ticket ticket, const Notification& notification) {
    world_.tick(life_);
    if (expects_looked_up && notification.token != SimulatedSource::address_of(notification.appid))
        world_.violation(std::string(notification.appid) + " is sent to another's address");
    ledger_.submit(notification.appid);
    unflushed_.push_back({ticket, std::string(notification.appid)});
    world_.tick(life_);
}

void SimulatedGateway::wait(BootTime deadline, std::vector<GatewayAnswer>& answers) {
    world_.tick(life_);
    if (!is_down()) down_since_ = {};
    if (is_down() && down_since_ == BootTime{}) down_since_ = world_.now();
    while (!unflushed_.empty()) {
        const auto request = std::move(unflushed_.back());
        unflushed_.pop_back();
        transmit(request);
        world_.tick(life_);
    }
    if (world_.chance(weather_.connection_lost)) lose_connection();

    auto until = deadline;
    if (!coming_.empty()) until = std::min(until, coming_.begin()->first);
    if (is_down()) until = std::min(until, weather_.down_until);
    if (!is_woken_ && until > world_.now()) world_.sleep_until_poked(until);
    is_woken_ = false;
    while (!coming_.empty() && coming_.begin()->first <= world_.now()) {
        const auto came = coming_.begin()->second;
        coming_.erase(coming_.begin());
        if (came.ends && in_flight_.erase(came.answer.ticket) == 0) continue;
        answers.push_back(came.answer);
    }
    world_.tick(life_);
}

void SimulatedGateway::wake() {
    is_woken_ = true;
    World::poke(waiter, world_.now());
}

Gateway::Health SimulatedGateway::health() const {
    if (down_since_ == BootTime{}) return {};
    return {"connection refused", down_since_};
}

void SimulatedGateway::answer(const Request& request, std::chrono::nanoseconds after,
                              Outcome outcome, bool ends) {
    coming_.emplace(world_.now() + after, Coming{{request.ticket, outcome, {}}, ends});
}

/// Some time later; no death of ours stops it.
void SimulatedGateway::accept(const Request& request) {
    world_.at(world_.now() + world_.between(0ms, weather_.latency),
              [&ledger = ledger_, appid = request.appid] { ledger.accept(appid); });
}

Outcome SimulatedGateway::unanswered(Reason reason) const {
    if (mistake_ == Mistake::unknown_as_not_sent) return Outcome::not_sent(Reason::goaway);
    return Outcome::unknown(reason);
}

void SimulatedGateway::transmit(const Request& request) {
    if (is_down()) {
        in_flight_.insert(request.ticket);
        answer(request, 0ns, Outcome::not_sent(Reason::never_framed, true));
        return;
    }
    in_flight_.insert(request.ticket);
    const auto soon = world_.between(0ms, weather_.latency);
    const auto silence = kSilences[world_.below(kSilences.size())];
    // One draw against the sum of the chances: at most one of these befalls a request.
    double left = static_cast<double>(world_.draw() >> 11) / 9007199254740992.0;
    const auto befalls = [&](double chance) { return (left -= chance) < 0; };
    if (befalls(weather_.answer_lost)) {
        world_.count("accepted, answer lost");
        accept(request);
        answer(request, soon, unanswered(silence));
    } else if (befalls(weather_.answer_late)) {
        world_.count("accepted, answered late");
        accept(request);
        answer(request, kTimeout, unanswered(Reason::timeout));
        answer(request, kTimeout + world_.between(1ms, kLateAtMost), Outcome::accepted(), false);
    } else if (befalls(weather_.unprocessed)) {
        world_.count("not processed, unanswered");
        answer(request, soon, unanswered(silence));
    } else if (befalls(weather_.refused)) {
        world_.count("refused (429, 503)");
        std::optional<std::chrono::milliseconds> retry_after;
        if (world_.chance(0.5))
            retry_after = std::chrono::milliseconds(world_.below(world_.chance(0.2) ? 8000 : 400));
        answer(request, soon, Outcome::refused(Reason::too_many_requests, retry_after));
    } else if (befalls(weather_.not_sent)) {
        world_.count("not sent (GOAWAY, REFUSED_STREAM)");
        answer(request, soon, Outcome::not_sent(Reason::refused_stream));
    } else if (befalls(weather_.rejected)) {
        world_.count("rejected");
        const bool suspicious = world_.chance(0.2);
        answer(request, soon,
               Outcome::rejected(suspicious ? Reason::bad_device_token : Reason::unregistered,
                                 suspicious));
    } else {
        accept(request);
        // The answer never comes before the gateway has taken it.
        answer(request, weather_.latency + soon, Outcome::accepted());
    }
}

/// Whatever is still unanswered may or may not have been processed: its fate was drawn already.
void SimulatedGateway::lose_connection() {
    if (in_flight_.empty()) return;
    world_.count("connection to the gateway lost");
    std::erase_if(coming_, [](const auto& coming) { return coming.second.ends; });
    for (const auto ticket : in_flight_)
        coming_.emplace(world_.now(),
                        Coming{{ticket, unanswered(Reason::connection_lost), {}}, true});
}

}  // namespace dispatcher
