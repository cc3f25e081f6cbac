#include "gateway/webpush/push_service_link.h"

#include <algorithm>

namespace dispatcher::webpush {
namespace {

using std::chrono::milliseconds;

/// When a device of a service in trouble is tried again: after as long as the trouble lasts.
constexpr milliseconds kAgainMin{1000};
constexpr milliseconds kAgainMax{30'000};

GatewayOptions named(GatewayOptions options, const std::string& authority) {
    options.name += " (" + authority + ")";
    return options;
}

}  // namespace

PushServiceLink::PushServiceLink(const GatewayOptions& options, std::string authority,
                                 http2::Endpoint endpoint, http2::Reach reach, Sealing& sealing,
                                 BootTime now)
    : authority_(std::move(authority)),
      service_(new PushService(authority_, sealing)),
      gateway_(named(options, authority_), std::move(endpoint),
               std::unique_ptr<http2::Service>(service_), sealing.clock, sealing.random,
               std::move(reach)),
      wanted_at_(now) {}

bool PushServiceLink::has_room(BootTime now) {
    wanted_at_ = now;
    if (gateway_.capacity() > 0) {
        lacks_room_since_.reset();
        return true;
    }
    if (!lacks_room_since_) lacks_room_since_ = now;
    is_due = true;  // it may have to connect
    return false;
}

bool PushServiceLink::has_gained_room() {
    if (!lacks_room_since_ || gateway_.capacity() == 0) return false;
    lacks_room_since_.reset();
    return true;
}

void PushServiceLink::submit(Ticket ticket, const Notification& notification,
                             const Subscription& subscription) {
    service_->aim(subscription);
    gateway_.submit(ticket, notification);
    is_due = true;
}

void PushServiceLink::turn(BootTime now, std::vector<GatewayAnswer>& answers) {
    is_due = false;
    const auto answered_before = answers.size();
    if (now - wanted_at_ < kWantedFor) static_cast<void>(gateway_.capacity());
    gateway_.wait(BootTime::min(), answers);
    // Full is no trouble while answers come.
    if (answers.size() > answered_before && lacks_room_since_) lacks_room_since_ = now;
}

BootTime PushServiceLink::next_tick(BootTime now) const {
    return is_due ? now : gateway_.next_tick();
}

std::optional<BootTime> PushServiceLink::in_trouble_since(BootTime now) const {
    const auto health = gateway_.health();
    if (!health.trouble.empty()) return health.since;
    if (lacks_room_since_ && now - *lacks_room_since_ >= kRoomPatience) return lacks_room_since_;
    return std::nullopt;
}

std::string PushServiceLink::trouble(BootTime now) const {
    const auto health = gateway_.health();
    if (!health.trouble.empty() || !in_trouble_since(now)) return health.trouble;
    return authority_ + ": it does not answer";
}

GatewayAnswer PushServiceLink::refusal(Ticket ticket, BootTime now, milliseconds patience) const {
    const auto since = in_trouble_since(now).value_or(now);
    const auto lasts = std::chrono::floor<milliseconds>(now - since);
    const auto again = std::clamp(lasts, kAgainMin, kAgainMax);
    if (lasts >= patience)
        return {ticket, Outcome::refused(Reason::unreachable, again), "out of reach for too long"};
    auto outcome = Outcome::not_sent(Reason::unreachable);
    outcome.retry_after = again;
    return {ticket, outcome, "the push service is in trouble"};
}

}  // namespace dispatcher::webpush
