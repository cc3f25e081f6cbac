#include "gateway/http2/connection_pool.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>

#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "gateway/http2/reconnect_delay.h"

namespace dispatcher::http2 {
namespace {

/// Requests in a row on one connection: their frames travel in one write.
constexpr unsigned kRunMax = 32;
/// An address is looked up again after this.
constexpr std::chrono::seconds kAddressesFresh{60};
/// A connection that lived this long was of use, even if it carried nothing.
constexpr std::chrono::seconds kUsefulLife{30};
constexpr std::chrono::hours kPollMax{1};
constexpr int kEventsMax = 64;
/// Requests that timed out are still read for while a connection drains.
constexpr int kDrainTimeouts = 2;
/// Connections that are left while requests on them may yet be answered in time, for each one that
/// may be used.
constexpr std::size_t kWaitingDrainingShare = 8;
/// Connections and requests on each to begin with, before it is known what the gateway bears.
constexpr std::size_t kFirstConnections = 4;
constexpr std::size_t kFirstStreams = 250;
/// The same over HTTP/1.1, where a connection carries one.
constexpr std::size_t kFirstSingleFile = 16;

int poll_timeout_ms(BootTime now, BootTime until) {
    if (until <= now) return 0;
    const auto rest = std::min<BootClock::duration>(until - now, kPollMax);
    return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(rest).count());
}

/// A type without these keys has no certificate.
TlsContext::Identity identity_of(const GatewayOptions& options) {
    if (!options.keys.contains("cert_file")) return {};
    return {options.file("cert_file"), options.file("cert_key_file")};
}

Reach with_tls(Reach reach, const Endpoint& endpoint, const GatewayOptions& options, WallTime now) {
    if (endpoint.is_tls && !reach.tls)
        reach.tls = std::make_shared<TlsContext>(options.file("ca_file"), endpoint.protocols,
                                                 identity_of(options), now);
    return reach;
}

ConcurrencyLimit::Range connections_of(const GatewayOptions& options) {
    const auto most = std::max<std::size_t>(options.connections_max(), 1);
    return {std::min(most, kFirstConnections), most};
}

/// What the operator set is taken as it is: an HTTP/1.1 server may be made for so many.
ConcurrencyLimit::Range single_file_of(const GatewayOptions& options) {
    const auto most = std::max<std::size_t>(options.connections_max(true), 1);
    return {options.connections ? most : std::min(most, kFirstSingleFile), most};
}

}  // namespace

struct ConnectionPool::Entry {
    Connection connection;
    std::string address;
    bool watches_writable = true;
};

ConnectionPool::ConnectionPool(const GatewayOptions& options, Endpoint endpoint, bool needs_warm_up,
                               Clock& clock, Random& random, Reach reach)
    : name_(options.name),
      endpoint_(std::move(endpoint)),
      connections_(connections_of(options)),
      single_file_(single_file_of(options)),
      streams_max_(std::max<std::size_t>(options.in_flight, 1)),
      limits_{streams_max_, options.timeout * kDrainTimeouts},
      needs_warm_up_(needs_warm_up),
      clock_(clock),
      random_(random),
      reach_(with_tls(std::move(reach), endpoint_, options, clock.wall())),
      wake_(std::make_shared<WakeEvent>()),
      is_single_file_(!endpoint_.is_tls && endpoint_.protocols != Protocols::http2),
      streams_offered_(streams_max_),
      concurrency_(range()) {
    adapt({});
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0)
        throw UnavailableError(
            fmt::format("gateway {}: no epoll set can be had: {}", name_, std::strerror(errno)));
    epoll_event event{};
    event.events = EPOLLIN;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_->descriptor(), &event);
}

ConnectionPool::~ConnectionPool() {
    entries_.clear();
    ::close(epoll_);
}

std::size_t ConnectionPool::room(BootTime now) const {
    std::size_t sum = 0;
    for (const auto& entry : entries_)
        sum += entry->connection.room(now, needs_warm_up_);
    // There may be more connections than are needed now.
    const auto limit = concurrency_.now();
    return std::min(sum, limit - std::min(limit, open()));
}

/// Requests that are in time, on connections that are used.
std::size_t ConnectionPool::open() const {
    std::size_t sum = 0;
    for (const auto& entry : entries_)
        if (entry->connection.stage() == Connection::Stage::ready)
            sum += entry->connection.open_in_time();
    return sum;
}

Connection* ConnectionPool::pick(BootTime now) {
    for (std::size_t tried = 0; tried <= entries_.size(); ++tried) {
        if (current_ >= entries_.size()) {
            current_ = 0;
            run_ = 0;
            if (entries_.empty()) return nullptr;
        }
        auto& connection = entries_[current_]->connection;
        if (run_ < kRunMax && connection.room(now, needs_warm_up_) > 0) {
            ++run_;
            return &connection;
        }
        ++current_;
        run_ = 0;
    }
    return nullptr;
}

ConcurrencyLimit::Range ConnectionPool::range() const {
    if (is_single_file_) return single_file_;
    return {connections_.first * std::min(streams_offered_, kFirstStreams),
            connections_.most * streams_offered_};
}

/// Connections that the requests allowed need, if each carries what the server lets it.
std::size_t ConnectionPool::wanted() const {
    if (needs_warm_up_ && !is_proven_) return 1;
    const auto needed = (concurrency_.now() + streams_offered_ - 1) / streams_offered_;
    return std::clamp(needed, connections_.first, connections_max());
}

/// Shares out among the connections what may be open at once.
void ConnectionPool::adapt(BootTime now) {
    auto offered = streams_max_;
    bool is_known = false;
    for (const auto& entry : entries_)
        if (const auto streams = entry->connection.streams_offered()) {
            is_known = true;
            offered = std::min(offered, std::max<std::size_t>(*streams, 1));
        }
    if (is_known) {
        streams_offered_ = offered;
        concurrency_.fit(range());
    }
    concurrency_.observe(now, open_);
    const auto connections = wanted();
    limits_.in_flight =
        std::min(streams_max_, (concurrency_.now() + connections - 1) / connections);
}

std::size_t ConnectionPool::missing() const {
    const auto wanted = this->wanted();
    std::size_t usable = 0;
    std::size_t busy = 0;
    for (const auto& entry : entries_) {
        if (entry->connection.stage() > Connection::Stage::ready) continue;
        ++usable;
        if (entry->connection.open_streams() > 0) ++busy;
    }
    const auto missing = wanted - std::min(wanted, usable);
    if (!is_single_file_) return missing;
    // Connections that nothing goes over are of no use soon: as many more as are busy.
    return busy < usable ? 0 : std::min(missing, std::max<std::size_t>(busy, 1));
}

void ConnectionPool::open_missing(BootTime now) {
    for (auto count = missing(); count > 0 && now >= retry_at_ && find_addresses(now); --count)
        open_one(now);
}

/// Plan: addresses that are fresh will do; else a lookup is started, and its end wakes poll().
bool ConnectionPool::find_addresses(BootTime now) {
    if (!lookup_ && !addresses_.empty() && now < addresses_until_) return true;
    if (!lookup_) lookup_.emplace(endpoint_, [wake = wake_] { wake->ring(); });
    if (!lookup_->is_done()) return false;
    addresses_ = lookup_->addresses();
    addresses_until_ = now + kAddressesFresh;
    auto trouble = lookup_->trouble();
    lookup_.reset();
    const auto found = addresses_.size();
    if (reach_.is_allowed) std::erase_if(addresses_, std::not_fn(reach_.is_allowed));
    is_barred_ = addresses_.empty() && found > 0;
    if (is_barred_) trouble = "the host leads to no address that may be connected to";
    if (addresses_.empty()) fail(std::move(trouble), now);
    return !addresses_.empty();
}

void ConnectionPool::open_one(BootTime now) {
    const auto& address = addresses_[address_at_ % addresses_.size()];
    entries_.push_back(std::unique_ptr<Entry>(new Entry{
        {address, endpoint_, endpoint_.is_tls ? reach_.tls.get() : nullptr, limits_, scratch_, now},
        {}}));
    auto& entry = *entries_.back();
    if (entry.connection.stage() == Connection::Stage::closed) return;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT;
    event.data.ptr = &entry;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, entry.connection.descriptor(), &event);
}

void ConnectionPool::watch(Entry& entry) {
    const bool wants = entry.connection.wants_writable();
    if (wants == entry.watches_writable) return;
    if (entry.connection.stage() == Connection::Stage::closed) return;
    entry.watches_writable = wants;
    epoll_event event{};
    event.events = wants ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.ptr = &entry;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, entry.connection.descriptor(), &event);
}

void ConnectionPool::flush() {
    for (const auto& entry : entries_) {
        if (entry->connection.stage() == Connection::Stage::closed) continue;
        entry->connection.flush();
        watch(*entry);
    }
}

void ConnectionPool::poll(BootTime until) {
    open_ = open();
    const bool is_unfinished = std::any_of(entries_.begin(), entries_.end(), [](const auto& entry) {
        return entry->connection.is_unfinished();
    });
    std::array<epoll_event, kEventsMax> events;
    const int count = ::epoll_wait(epoll_, events.data(), kEventsMax,
                                   is_unfinished ? 0 : poll_timeout_ms(clock_.now(), until));
    const auto now = clock_.now();
    for (int i = 0; i < count; ++i) {
        auto* entry = static_cast<Entry*>(events.at(static_cast<std::size_t>(i)).data.ptr);
        if (entry == nullptr) {
            wake_->clear();
            continue;
        }
        entry->connection.turn(now);
        is_single_file_ |= entry->connection.is_single_file();
        watch(*entry);
    }
    if (!is_unfinished) return;
    for (const auto& entry : entries_)
        if (entry->connection.is_unfinished()) entry->connection.turn(now);
}

void ConnectionPool::tick(BootTime now) {
    limit_draining();
    adapt(now);
    for (const auto& entry : entries_) {
        entry->connection.tick(now);
        watch(*entry);
    }
}

void ConnectionPool::limit_draining() {
    std::size_t draining = 0;
    for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
        auto& connection = (*entry)->connection;
        if (connection.stage() != Connection::Stage::draining) continue;
        ++draining;
        // Whatever still waits in time would be in doubt.
        const auto most = connection.is_only_read() ? connections_max()
                                                    : connections_max() * kWaitingDrainingShare;
        if (draining > most)
            connection.close("its requests were not answered before others took its place");
    }
}

BootTime ConnectionPool::next_tick(bool is_wanted) const {
    auto next = BootTime::max();
    for (const auto& entry : entries_)
        next = std::min(next, entry->connection.is_unfinished() ? BootTime::min()
                                                                : entry->connection.next_tick());
    if (is_wanted && !lookup_ && missing() > 0) next = std::min(next, retry_at_);
    return next;
}

void ConnectionPool::for_each(const std::function<void(Connection&)>& visit) {
    for (const auto& entry : entries_)
        visit(entry->connection);
}

void ConnectionPool::remove_closed(BootTime now) {
    for (std::size_t i = 0; i < entries_.size();) {
        const auto& connection = entries_[i]->connection;
        if (connection.stage() != Connection::Stage::closed) {
            ++i;
            continue;
        }
        const bool was_useful = connection.has_replied || connection.is_retired() ||
                                now - connection.opened_at() > kUsefulLife;
        const bool is_retired = connection.is_retired();
        auto trouble = connection.trouble();
        entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i));
        if (was_useful) {
            forget_failures();
            log(is_retired ? LogLevel::debug : LogLevel::info, "gateway {}: a connection ended {}",
                name_, trouble);
        } else {
            fail(trouble.empty() ? "the gateway closed the connection at once" : trouble, now);
        }
    }
}

void ConnectionPool::fail(std::string trouble, BootTime now) {
    // Connections that were started together fail together: that is one failure.
    if (failures_ > 0 && now < retry_at_) return;
    if (failures_ == 0) health_.since = now;
    ++failures_;
    ++address_at_;
    const auto rounds = failures_ / std::max<std::size_t>(addresses_.size(), 1);
    const bool is_last_address = addresses_.empty() || failures_ % addresses_.size() == 0;
    retry_at_ = is_last_address
                    ? now + ReconnectDelay::after(static_cast<unsigned>(rounds), random_.next())
                    : now;
    if (health_.trouble != trouble) log(LogLevel::warn, "gateway {}: {}", name_, trouble);
    health_.trouble = endpoint_.authority + ": " + std::move(trouble);
}

void ConnectionPool::forget_failures() {
    failures_ = 0;
    retry_at_ = BootTime{};
    health_ = {};
}

void ConnectionPool::note_reply(Connection& connection) {
    if (connection.has_replied) return;
    connection.has_replied = true;
    forget_failures();
}

void ConnectionPool::note_proof(Connection& connection) {
    connection.is_warm = true;
    is_proven_ = true;
}

void ConnectionPool::wake() {
    caller()();
}

std::function<void()> ConnectionPool::caller() const {
    return [wake = wake_] {
        wake->is_call.store(true, std::memory_order_release);
        wake->ring();
    };
}

bool ConnectionPool::take_wake() {
    // A plain load first: this is asked on every turn of the send loop.
    return wake_->is_call.load(std::memory_order_relaxed) &&
           wake_->is_call.exchange(false, std::memory_order_acquire);
}

Gateway::Health ConnectionPool::health() const {
    const bool is_reachable = std::any_of(entries_.begin(), entries_.end(), [](const auto& entry) {
        return entry->connection.stage() == Connection::Stage::ready;
    });
    return is_reachable ? Gateway::Health{} : health_;
}

}  // namespace dispatcher::http2
