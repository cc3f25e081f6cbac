#include "gateway/webpush/webpush_gateway.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/error.h"
#include "gateway/http2/protocol_key.h"
#include "gateway/webpush/public_address.h"
#include "gateway/webpush/push_service_link.h"

namespace dispatcher::webpush {
namespace {

/// One service may have connections × in_flight requests open, all together this many times more.
constexpr std::size_t kFullServices = 4;
constexpr int kEventsMax = 64;
constexpr std::chrono::hours kPollMax{1};

int poll_timeout_ms(BootTime now, BootTime until) {
    if (until <= now) return 0;
    const auto rest = std::min<BootClock::duration>(until - now, kPollMax);
    return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(rest).count());
}

/// A push service with TLS may choose; without, HTTP/2 is meant, as with every other gateway.
http2::Protocols protocols_of(const GatewayOptions& options, bool is_tls) {
    return http2::protocols_of(options, is_tls ? http2::Protocols::any : http2::Protocols::http2);
}

/// Over HTTP/1.1, too, a service gets no more connections than over HTTP/2: there are many of them.
GatewayOptions for_each_service(GatewayOptions options) {
    options.connections = options.connections_max();
    return options;
}

http2::Reach reach_of(const GatewayOptions& options, const std::optional<http2::Endpoint>& endpoint,
                      bool allows_private) {
    http2::Reach reach;
    // The operator's own endpoint may be anywhere.
    if (!endpoint && !allows_private)
        reach.is_allowed = [](const http2::Address& address) { return is_public(address.storage); };
    if (!endpoint || endpoint->is_tls)
        reach.tls = std::make_shared<http2::TlsContext>(options.file("ca_file"),
                                                        protocols_of(options, true));
    return reach;
}

}  // namespace

WebPushGateway::WebPushGateway(const GatewayOptions& options,
                               std::optional<http2::Endpoint> endpoint, bool allows_private,
                               Clock& clock, Random& random)
    : options_(for_each_service(options)),
      endpoint_(std::move(endpoint)),
      in_flight_max_(std::size_t{options.connections_max()} * options.in_flight * kFullServices),
      clock_(clock),
      reach_(reach_of(options, endpoint_, allows_private)),
      sealing_(options.file("vapid_key_file"), options.keys.at("subject"), clock, random) {
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0)
        throw UnavailableError(fmt::format("gateway {}: no epoll set can be had: {}", options_.name,
                                           std::strerror(errno)));
    epoll_event event{};
    event.events = EPOLLIN;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_.descriptor(), &event);
}

WebPushGateway::~WebPushGateway() {
    links_.clear();
    ::close(epoll_);
}

/// Which service a notification is for is not known yet, so this bounds them all together.
std::size_t WebPushGateway::capacity() const {
    if (is_down(clock_.now())) return 0;
    return in_flight_max_ - std::min(in_flight_max_, in_flight());
}

/// A notification that needs no connection has room: it is answered at once.
bool WebPushGateway::has_room_for(const Notification& notification) {
    Subscription subscription;
    if (!Subscription::parse(notification.token, subscription).empty()) return true;
    const auto now = clock_.now();
    auto* link = find(subscription.authority, now);
    if (link == nullptr) return false;
    return link->has_room(now) || link->gateway().is_barred() || link->in_trouble_since(now);
}

void WebPushGateway::submit(Ticket ticket, const Notification& notification) {
    Subscription subscription;
    const bool is_sound = Subscription::parse(notification.token, subscription).empty();
    if (!is_sound || !sealing_.seal.address(subscription.keys)) {
        unsubmitted_.push_back(
            {ticket, Outcome::rejected(Reason::bad_device_token, true), "no subscription"});
        return;
    }
    const auto now = clock_.now();
    auto* link = find(subscription.authority, now);
    if (link != nullptr && link->has_room(now)) {
        link->submit(ticket, notification, subscription);
    } else if (link != nullptr && link->gateway().is_barred()) {
        sealing_.fault = fmt::format(
            "{} leads to no public address, and a device's endpoint may not lead into a private "
            "network: set private_endpoints: allow in gateways.{} if that push service is your own",
            subscription.authority, options_.name);
        unsubmitted_.push_back({ticket, Outcome::rejected(Reason::bad_device_token, true),
                                "the endpoint leads to no public address"});
    } else if (link != nullptr && link->in_trouble_since(now)) {
        unsubmitted_.push_back(link->refusal(ticket, now, options_.patience));
    } else {
        unsubmitted_.push_back(
            {ticket, Outcome::not_sent(Reason::never_framed), "the push service has no room"});
    }
}

/// The link to a service, made now if need be; null where no link can be given up for it.
PushServiceLink* WebPushGateway::find(std::string_view authority, BootTime now) {
    const auto found = by_authority_.find(authority);
    if (found == by_authority_.end()) return open(authority, now);
    links_.splice(links_.begin(), links_, found->second);
    return &links_.front();
}

PushServiceLink* WebPushGateway::open(std::string_view authority, BootTime now) {
    if (links_.size() >= kLinksMax) {
        const auto idle = std::find_if(links_.rbegin(), links_.rend(), [](const auto& link) {
            return link.gateway().is_at_rest();
        });
        if (idle == links_.rend()) return nullptr;
        by_authority_.erase(idle->authority());
        links_.erase(std::next(idle).base());
    }
    std::string name(authority);
    auto endpoint = endpoint_of(name);
    links_.emplace_front(options_, std::move(name), std::move(endpoint), reach_, sealing_, now);
    auto& link = links_.front();
    by_authority_.emplace(link.authority(), links_.begin());
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &link;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, link.gateway().descriptor(), &event);
    return &link;
}

http2::Endpoint WebPushGateway::endpoint_of(const std::string& authority) const {
    auto endpoint =
        endpoint_ ? *endpoint_ : http2::Endpoint::parse("https://" + authority, options_.name);
    endpoint.protocols = protocols_of(options_, endpoint.is_tls);
    return endpoint;
}

/// Plan: let work whoever has something to do; then, until there is something to tell, wait for all
/// of them together.
void WebPushGateway::wait(BootTime deadline, std::vector<GatewayAnswer>& answers) {
    const auto answered_before = answers.size();
    std::move(unsubmitted_.begin(), unsubmitted_.end(), std::back_inserter(answers));
    unsubmitted_.clear();
    for (;;) {
        auto now = clock_.now();
        turn(now, answers);
        // All of them: each forgets that it was waited for.
        const auto gained = std::count_if(links_.begin(), links_.end(),
                                          [](auto& link) { return link.has_gained_room(); });
        const bool is_called = wake_.is_call.exchange(false, std::memory_order_acquire);
        const bool is_over =
            answers.size() > answered_before || gained > 0 || is_called || now >= deadline;
        auto until = is_over ? now : deadline;
        for (const auto& link : links_)
            until = std::min(until, link.next_tick(now));
        poll(until);
        if (is_over) return;
    }
}

void WebPushGateway::turn(BootTime now, std::vector<GatewayAnswer>& answers) {
    const bool was_down = is_down(now);
    for (auto& link : links_) {
        // Nobody asks for a service while none can be reached: they are to be found out here.
        if (was_down) static_cast<void>(link.has_room(now));
        if (link.next_tick(now) <= now) link.turn(now, answers);
    }
}

void WebPushGateway::poll(BootTime until) {
    std::array<epoll_event, kEventsMax> events;
    const int count =
        ::epoll_wait(epoll_, events.data(), kEventsMax, poll_timeout_ms(clock_.now(), until));
    for (int i = 0; i < count; ++i) {
        auto* link = static_cast<PushServiceLink*>(events.at(static_cast<std::size_t>(i)).data.ptr);
        if (link == nullptr)
            wake_.clear();
        else
            link->is_due = true;
    }
}

void WebPushGateway::wake() {
    wake_.is_call.store(true, std::memory_order_release);
    wake_.ring();
}

std::size_t WebPushGateway::in_flight() const {
    std::size_t sum = unsubmitted_.size();
    for (const auto& link : links_)
        sum += link.gateway().in_flight();
    return sum;
}

bool WebPushGateway::is_down(BootTime now) const {
    return !links_.empty() && std::all_of(links_.begin(), links_.end(), [now](const auto& link) {
        return !link.gateway().is_barred() && link.in_trouble_since(now);
    });
}

/// A service that cannot be reached is its devices' trouble; the gateway's only if none can.
Gateway::Health WebPushGateway::health() const {
    const auto now = clock_.now();
    if (!is_down(now)) return {};
    Health health;
    health.since = BootTime::max();
    for (const auto& link : links_)
        health.since = std::min(health.since, link.in_trouble_since(now).value_or(now));
    health.trouble = links_.front().trouble(now);
    return health;
}

}  // namespace dispatcher::webpush
